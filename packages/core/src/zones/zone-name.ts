import { toProxyError } from '../base/errors.ts';
import type { Resolver } from '../resolver/resolver.ts';

/** When a name is looked up again. Milliseconds. */
export interface ZoneNameTimes {
  /** An answer counts as long as its time to live says, within these two. A failure is followed by another try. */
  readonly minimum: number;
  readonly maximum: number;
  /** How long an answer counts that has no time to live. */
  readonly withoutTtl: number;
  /** How long the last answer is kept while look-ups fail. */
  readonly keepFailed: number;
}

/** What became of a look-up, where it is worth a word. */
export type NameChange =
  | { readonly type: 'answer'; readonly addresses: readonly string[] }
  /** The first of a row of failures: the last answer stays. */
  | { readonly type: 'failed'; readonly reason: string }
  /** The row has become too long: there are no addresses any more. */
  | { readonly type: 'expired'; readonly reason: string }
  | { readonly type: 'recovered' };

/** Beyond the time to live: else the cache in front of the resolver, which counts it too, may still have the old one. */
const SLACK = 50;

/** One name whose addresses are kept up to date. At most one look-up or one timer runs; `close` ends either. */
export class ZoneName {
  readonly host: string;
  /** In text, sorted. */
  addresses: readonly string[] = [];
  /** There was an answer, and it still counts. */
  isKnown = false;

  readonly #resolver: Resolver;
  readonly #times: ZoneNameTimes;
  readonly #tell: (change: NameChange) => void;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Failures in a row. */
  #failures = 0;
  /** On the clock of `performance.now`: until when the last answer is kept while look-ups fail. */
  #keptUntil = 0;

  constructor(host: string, resolver: Resolver, times: ZoneNameTimes, tell: (change: NameChange) => void) {
    this.host = host;
    this.#resolver = resolver;
    this.#times = times;
    this.#tell = tell;
  }

  /** Looks it up now, and again in its time. Resolves when there is an answer or a failure; never rejects. */
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
    // The program may end meanwhile.
    this.#timer = setTimeout(() => void this.refresh(), delay).unref();
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  /** Returns the milliseconds until it is looked up again. */
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
