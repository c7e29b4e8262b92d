import { StoreUnavailable } from '../base/errors.ts';
import type { Clock } from '../base/options.ts';

interface Kept<T> {
  readonly value: T;
  /** On the clock; Infinity for what stays. */
  readonly until: number;
}

/** Values by key, of which some are gone after a time. Bounded: what is over is dropped when room is needed. */
export class Expiring<T> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.until > this.#clock()) return kept?.value;
    this.#kept.delete(key);
    return undefined;
  }

  /** `ttl`: milliseconds. Throws a {@link StoreUnavailable} if there is no room. */
  set(key: string, value: T, ttl = Infinity): void {
    if (!this.#kept.has(key)) this.#makeRoom();
    this.#kept.set(key, { value, until: this.#clock() + ttl });
  }

  delete(key: string): boolean {
    return this.#kept.delete(key);
  }

  /** What there is now, in the order in which it came. */
  all(): readonly (readonly [key: string, value: T])[] {
    this.#dropOver();
    return [...this.#kept].map(([key, { value }]) => [key, value]);
  }

  #makeRoom(): void {
    if (this.#kept.size < this.#most) return;
    this.#dropOver();
    if (this.#kept.size >= this.#most)
      throw new StoreUnavailable('full', `The store in memory holds ${this.#most} of these, and no more.`);
  }

  #dropOver(): void {
    const now = this.#clock();
    for (const [key, { until }] of this.#kept) if (until <= now) this.#kept.delete(key);
  }
}
