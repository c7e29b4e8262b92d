import { inetAddr, type SockAddr } from '../base/address.ts';
import type { ProxyError } from '../base/errors.ts';
import { parseIp } from '../base/ip.ts';
import { lookupAborted, notAName } from './dns-errors.ts';
import { whyNotAName } from './host-name.ts';
import { Lookup } from './lookup.ts';
import { type LookupLimits, LookupQueue } from './lookup-queue.ts';
import type { KnownName, Resolution, ResolvedAddress, Resolver, ResolverSource } from './resolver.ts';

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
  /** How much is looked up at once. Those left out have their defaults. */
  readonly limits?: Partial<LookupLimits>;
}

/** What may be looked up at once when nobody says otherwise. */
export const defaultLookupLimits: LookupLimits = {
  lookups: 1024,
  lookupsPerClient: 128,
  waiting: 4096,
  waitingPerClient: 1024,
  waitTimeout: 10_000,
};

type Times = Required<Omit<CachingResolverOptions, 'limits'>>;

const DEFAULTS: Times = {
  maxEntries: 1024,
  minTtl: 1_000,
  maxTtl: 300_000,
  defaultTtl: 30_000,
  failureTtl: 5_000,
  timeoutTtl: 1_000,
  lookupTimeout: 10_000,
};

interface Entry {
  readonly outcome: KnownName;
  /** On the clock of `performance.now`. */
  readonly expires: number;
}

/**
 * Puts a bounded cache in front of `resolver`, bounds every wait for it, and what clients have looked up at once.
 * Concurrent look-ups of one name are one. An address in the place of a name is answered with itself, and `resolver` is
 * not asked. While an answer is fresh, `cached` and `resolve` give the very same object, so that callers may compare by
 * identity. Owns `resolver`: closing the one closes the other.
 */
export function createCachingResolver(
  resolver: ResolverSource,
  options: CachingResolverOptions = {},
): Required<Resolver> {
  const { limits, ...times } = options;
  return new CachingResolver(resolver, { ...DEFAULTS, ...times }, { ...defaultLookupLimits, ...limits });
}

class CachingResolver implements Required<Resolver> {
  readonly #resolver: ResolverSource;
  readonly #options: Times;
  readonly #queue: LookupQueue;
  /** Oldest answer first. Reading does not reorder: it happens per request, and every answer expires soon anyway. */
  readonly #entries = new Map<string, Entry>();
  readonly #lookups = new Map<string, Lookup>();
  /** Raised when all that was said before may be wrong. */
  #generation = 0;
  #closed = false;

  constructor(resolver: ResolverSource, options: Times, limits: LookupLimits) {
    this.#resolver = resolver;
    this.#options = options;
    this.#queue = new LookupQueue(limits, () => resolver.concurrency);
    resolver.follow?.(() => {
      this.#generation += 1;
      this.#entries.clear();
    });
  }

  cached(host: string): Resolution | undefined {
    const known = this.#known(host);
    return known !== undefined && 'resolution' in known ? known.resolution : undefined;
  }

  resolve(host: string, signal?: AbortSignal, client?: SockAddr): Promise<Resolution> {
    const known = this.#known(host);
    if (known !== undefined) {
      return 'error' in known ? Promise.reject(known.error) : Promise.resolve(known.resolution);
    }
    const reason = whyNotAName(host);
    if (reason !== undefined) return Promise.reject(notAName(host, reason));
    if (this.#closed || signal?.aborted === true) return Promise.reject(lookupAborted(host));
    const running = this.#lookups.get(host);
    if (running?.isWaiting === false) return running.join(signal);
    const lookup = running ?? this.#lookup(host);
    const joined = lookup.join(signal);
    // Also when it waits already: it may be this client's turn before the other's.
    this.#queue.add(lookup, accountOf(client));
    return joined;
  }

  close(): void {
    this.#closed = true;
    for (const lookup of this.#lookups.values()) lookup.cancel();
    this.#entries.clear();
    this.#resolver.close?.();
  }

  #known(host: string): KnownName | undefined {
    return this.#fresh(host) ?? this.#resolver.known?.(host) ?? literal(host);
  }

  #fresh(host: string): KnownName | undefined {
    const entry = this.#entries.get(host);
    if (entry === undefined) return undefined;
    if (performance.now() < entry.expires) return entry.outcome;
    this.#entries.delete(host);
    return undefined;
  }

  #lookup(host: string): Lookup {
    const generation = this.#generation;
    const lookup: Lookup = new Lookup(host, {
      resolver: this.#resolver,
      timeout: this.#options.lookupTimeout,
      ended: (outcome) => {
        this.#lookups.delete(host);
        this.#queue.forget(lookup);
        if (outcome !== undefined && generation === this.#generation) this.#remember(host, outcome);
      },
    });
    this.#lookups.set(host, lookup);
    return lookup;
  }

  #remember(host: string, outcome: KnownName): void {
    const lifetime = this.#lifetime(outcome);
    this.#entries.delete(host);
    if (lifetime <= 0) return;
    while (this.#entries.size >= Math.max(1, this.#options.maxEntries)) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(host, { outcome, expires: performance.now() + lifetime });
  }

  #lifetime(outcome: KnownName): number {
    const { minTtl, maxTtl, defaultTtl } = this.#options;
    if ('error' in outcome) return this.#failureLifetime(outcome.error);
    const { ttl } = outcome.resolution;
    return ttl === undefined ? defaultTtl : Math.min(maxTtl, Math.max(minTtl, ttl * 1000));
  }

  #failureLifetime({ code }: ProxyError): number {
    // What this machine lacked says nothing about the name.
    if (code === 'connection_limit_reached') return 0;
    return code === 'dns_timeout' ? this.#options.timeoutTtl : this.#options.failureTtl;
  }
}

/** An address in the place of a name stands for itself, whoever would be asked. */
function literal(host: string): KnownName | undefined {
  const addr = inetAddr(host, 0);
  if (addr === undefined) return undefined;
  const address: ResolvedAddress = { family: addr.family, address: addr.address };
  return { resolution: { addresses: [address] } };
}

/**
 * Whose look-up it is: an IPv4 address, or the /64 that an IPv6 address is in, because whoever has one address there has
 * all. Look-ups on nobody's behalf, such as those of zones, have an account of their own.
 */
function accountOf(client: SockAddr | undefined): string {
  if (client === undefined) return 'nobody';
  if (client.family === 'unix') return 'unix';
  if (client.family === 'inet') return client.address;
  return parseIp(client.address)?.subarray(0, 8).join('.') ?? client.address;
}
