import type { ProxyError } from '../errors.ts';
import { lookupAborted, notAName } from './dns-errors.ts';
import { whyNotAName } from './host-name.ts';
import { Lookup, type Outcome } from './lookup.ts';
import type { Resolution, Resolver } from './resolver.ts';

/** All times in milliseconds. */
export interface CachingResolverOptions {
  /** Names remembered, failures included; the one that was resolved longest ago goes first. Default 1024. */
  readonly maxEntries?: number;
  /** An answer is kept as long as its time to live says, within these two. Default 1 s and 300 s. */
  readonly minTtl?: number;
  readonly maxTtl?: number;
  /** How long an answer is kept that has no time to live. Default 30 s. */
  readonly defaultTtl?: number;
  /** How long "this name has no address" is kept. Default 5 s. */
  readonly failureTtl?: number;
  /** How long "nobody answered" is kept: just enough to spare a dead server a flood. Default 1 s. */
  readonly timeoutTtl?: number;
  /** How long a look-up may take before it is a `dns_timeout`. Default 10 s. */
  readonly lookupTimeout?: number;
}

const DEFAULTS: Required<CachingResolverOptions> = {
  maxEntries: 1024,
  minTtl: 1_000,
  maxTtl: 300_000,
  defaultTtl: 30_000,
  failureTtl: 5_000,
  timeoutTtl: 1_000,
  lookupTimeout: 10_000,
};

interface Entry {
  readonly outcome: Outcome;
  /** On the clock of `performance.now`. */
  readonly expires: number;
}

/**
 * Puts a bounded cache in front of `resolver`, and bounds every wait for it. Concurrent look-ups of one name are one.
 * While an answer is fresh, `cached` and `resolve` give the very same object, so that callers may compare by identity.
 * Owns `resolver`: closing the one closes the other.
 */
export function createCachingResolver(resolver: Resolver, options: CachingResolverOptions = {}): Required<Resolver> {
  return new CachingResolver(resolver, { ...DEFAULTS, ...options });
}

class CachingResolver implements Required<Resolver> {
  readonly #resolver: Resolver;
  readonly #options: Required<CachingResolverOptions>;
  /** Oldest answer first. Reading does not reorder: it happens per request, and every answer expires soon anyway. */
  readonly #entries = new Map<string, Entry>();
  readonly #lookups = new Map<string, Lookup>();
  #closed = false;

  constructor(resolver: Resolver, options: Required<CachingResolverOptions>) {
    this.#resolver = resolver;
    this.#options = options;
  }

  cached(host: string): Resolution | undefined {
    const outcome = this.#fresh(host);
    return outcome !== undefined && 'resolution' in outcome ? outcome.resolution : undefined;
  }

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    const known = this.#fresh(host);
    if (known !== undefined) {
      return 'error' in known ? Promise.reject(known.error) : Promise.resolve(known.resolution);
    }
    const reason = whyNotAName(host);
    if (reason !== undefined) return Promise.reject(notAName(host, reason));
    if (this.#closed || signal?.aborted === true) return Promise.reject(lookupAborted(host));
    return this.#lookup(host).join(signal);
  }

  close(): void {
    this.#closed = true;
    for (const lookup of this.#lookups.values()) lookup.cancel();
    this.#entries.clear();
    this.#resolver.close?.();
  }

  #fresh(host: string): Outcome | undefined {
    const entry = this.#entries.get(host);
    if (entry === undefined) return undefined;
    if (performance.now() < entry.expires) return entry.outcome;
    this.#entries.delete(host);
    return undefined;
  }

  #lookup(host: string): Lookup {
    const running = this.#lookups.get(host);
    if (running !== undefined) return running;
    const lookup = new Lookup(this.#resolver, host, this.#options.lookupTimeout, (outcome) => {
      this.#lookups.delete(host);
      if (outcome !== undefined) this.#remember(host, outcome);
    });
    this.#lookups.set(host, lookup);
    return lookup;
  }

  #remember(host: string, outcome: Outcome): void {
    this.#entries.delete(host);
    while (this.#entries.size >= Math.max(1, this.#options.maxEntries)) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(host, { outcome, expires: performance.now() + this.#lifetime(outcome) });
  }

  #lifetime(outcome: Outcome): number {
    const { minTtl, maxTtl, defaultTtl } = this.#options;
    if ('error' in outcome) return this.#failureLifetime(outcome.error);
    const { ttl } = outcome.resolution;
    return ttl === undefined ? defaultTtl : Math.min(maxTtl, Math.max(minTtl, ttl * 1000));
  }

  #failureLifetime(error: ProxyError): number {
    return error.code === 'dns_timeout' ? this.#options.timeoutTtl : this.#options.failureTtl;
  }
}
