import { toProxyError } from '../base/errors.ts';
import type { Resolver } from '../resolver/resolver.ts';

/** The times after which a name is looked up again, in milliseconds. */
export interface ZoneNameTimes {
  /** The limits of an answer's time to live. `minimum` is also the delay after the first failure. */
  readonly minimum: number;
  readonly maximum: number;
  /** The time to live of an answer that has none. */
  readonly withoutTtl: number;
  /** How long the last answer is kept while look-ups fail. */
  readonly keepFailed: number;
}

/** A change after a look-up that `ZoneNames` acts on. */
export type NameChange =
  | { readonly type: 'answer'; readonly addresses: readonly string[] }
  /** The first of consecutive failures. The last answer is kept. */
  | { readonly type: 'failed'; readonly reason: string }
  /** Look-ups have failed for longer than `keepFailed`. The addresses are dropped. */
  | { readonly type: 'expired'; readonly reason: string }
  | { readonly type: 'recovered' };

/** Milliseconds added to the time to live, because the cache in front of the resolver may still hold the old answer then. */
const SLACK = 50;

/** One name whose addresses are kept up to date. At most one look-up or one timer is active. `close` ends both. */
export class ZoneName {
  readonly host: string;
  /** Addresses as text, sorted. */
  addresses: readonly string[] = [];
  /** Whether there was an answer that has not expired. */
  isKnown = false;

  readonly #resolver: Resolver;
  readonly #times: ZoneNameTimes;
  readonly #tell: (change: NameChange) => void;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined = undefined;
  /** The number of consecutive failures. */
  #failures = 0;
  /** When the last answer expires if look-ups fail, on the clock of `performance.now`. */
  #keptUntil = 0;

  constructor(host: string, resolver: Resolver, times: ZoneNameTimes, tell: (change: NameChange) => void) {
    this.host = host;
    this.#resolver = resolver;
    this.#times = times;
    this.#tell = tell;
  }

  /** Looks the name up, and schedules the next look-up. Resolves after an answer or a failure. Never rejects. */
  async refresh(): Promise<void> {
    let delay: number;
    try {
      const { addresses, ttl } = await this.#resolver.resolve(this.host, this.#closing.signal);
      delay = this.#answered(
        addresses.map(({ address }) => address),
        ttl,
      );
    } catch (error) {
      delay = this.#failed(toProxyError(error).message);
    }
    if (this.#closing.signal.aborted) return;
    // The timer must not keep the process alive.
    this.#timer = setTimeout(() => void this.refresh(), delay).unref();
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  /** Returns the milliseconds until the next look-up. */
  #answered(found: readonly string[], ttl: number | undefined): number {
    const { minimum, maximum, withoutTtl, keepFailed } = this.#times;
    const addresses = found.toSorted();
    const isNew = !this.isKnown || addresses.join(' ') !== this.addresses.join(' ');
    if (this.#failures > 0) this.#tell({ type: 'recovered' });
    this.#failures = 0;
    this.#keptUntil = performance.now() + keepFailed;
    this.isKnown = true;
    this.addresses = addresses;
    if (isNew) this.#tell({ type: 'answer', addresses });
    return (ttl === undefined ? withoutTtl : Math.min(maximum, Math.max(minimum, ttl * 1000))) + SLACK;
  }

  #failed(reason: string): number {
    const { minimum, maximum } = this.#times;
    this.#failures += 1;
    if (this.#failures === 1) this.#tell({ type: 'failed', reason });
    const delay = Math.min(maximum, minimum * 2 ** Math.min(this.#failures - 1, 16));
    if (!this.isKnown) return delay;
    const left = this.#keptUntil - performance.now();
    if (left > 0) return Math.min(delay, Math.max(left, 1));
    this.isKnown = false;
    this.addresses = [];
    this.#tell({ type: 'expired', reason });
    return delay;
  }
}
