import { isHostName, matchesName } from '../base/host-names.ts';

const HOUR = 3_600_000;

/** For which names a handshake may lead to an order. */
export interface OnDemandOptions {
  /** Names, or `*.` and a name: any one label before it. */
  readonly allow: readonly string[];
  /** Orders for new names within an hour. */
  readonly perHour: number;
}

/** Whether a name that a client sent may be ordered: by the list, and by how many were lately. */
export class DemandLimit {
  readonly #options: OnDemandOptions;
  #orders: number[] = [];
  /** Until then others have had all orders of the hour. */
  #pausedUntil = 0;

  constructor(options: OnDemandOptions) {
    this.#options = options;
  }

  allows(host: string): boolean {
    return isHostName(host) && this.#options.allow.some((pattern) => matchesName(pattern, host));
  }

  /** Whether one more may be ordered now. Counts it. */
  take(now: number): boolean {
    if (now < this.#pausedUntil) return false;
    this.#orders = this.#orders.filter((time) => now - time < HOUR);
    if (this.#orders.length >= this.#options.perHour) return false;
    this.#orders.push(now);
    return true;
  }

  /** What was counted last was not ordered. */
  giveBack(): void {
    this.#orders.pop();
  }

  /**
   * All members together have had too many. Further names are refused until then, because each would be kept, and cost requests to what the members
   * share.
   */
  pause(until: number): void {
    this.#pausedUntil = until;
  }
}
