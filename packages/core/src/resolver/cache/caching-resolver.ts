import { inetAddr, type SockAddr } from '../../base/address.ts';
import type { ProxyError } from '../../base/errors.ts';
import { parseIp } from '../../base/ip.ts';
import type { MadeNotices } from '../../notices/notices.ts';
import { lookupAborted, notAName } from '../dns-errors.ts';
import { whyNotAName } from '../host-name.ts';
import { Lookup } from './lookup.ts';
import { type LookupLimits, LookupQueue } from './lookup-queue.ts';
import type { ResolverWatcher } from '../resolver-watcher.ts';
import type {
  KnownName,
  Resolution,
  ResolvedAddress,
  Resolver,
  ResolverSource,
  ServiceResolution,
} from '../resolver.ts';
import { ServiceLookups } from './service-lookups.ts';
import { SharedAnswers } from './shared-answers.ts';

/** All times in milliseconds. */
export interface CachingResolverOptions {
  /** The most names in the cache, failures included. The oldest answer is dropped first. Default 1024. */
  readonly maxEntries?: number;
  /** The limits of an answer's time to live. Default 1 s and 300 s. */
  readonly minTtl?: number;
  readonly maxTtl?: number;
  /** The time to live of an answer that has none. Default 30 s. */
  readonly defaultTtl?: number;
  /** The time to live of a `dns_error` (negative caching), such as that of a name without addresses. Default 5 s. */
  readonly failureTtl?: number;
  /** The time to live of a `dns_timeout`. It spares a DNS server that is down one query per request. Default 1 s. */
  readonly timeoutTtl?: number;
  /** The timeout of a look-up, which then fails with `dns_timeout`. Default 10 s. */
  readonly lookupTimeout?: number;
  /** The limits of concurrent look-ups. Those left out have their defaults. */
  readonly limits?: Partial<LookupLimits>;
}

/** The default limits of concurrent look-ups. */
export const defaultLookupLimits: LookupLimits = {
  lookups: 1024,
  lookupsPerClient: 128,
  waiting: 4096,
  waitingPerClient: 1024,
  waitTimeout: 10_000,
};

type Times = Required<Omit<CachingResolverOptions, 'limits'>>;

/** The times of the cache, and its size, when nobody says otherwise. */
export const defaultCacheTimes: Times = {
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
  /** When the entry expires, on the clock of `performance.now`. */
  readonly expires: number;
}

/**
 * Puts a bounded cache in front of `resolver`, with a timeout for each look-up and limits for concurrent ones. Concurrent
 * look-ups of one name share a query. An address instead of a name is answered with itself without a query. `cached` and
 * `resolve` return the same object until it expires, so that callers can compare by identity. Owns `resolver` and `notices`, by which
 * the workers of a machine tell each other their answers: `close` closes them, too.
 */
export function createCachingResolver(
  resolver: ResolverSource,
  options: CachingResolverOptions = {},
  watcher?: ResolverWatcher,
  notices?: MadeNotices,
): Required<Resolver> {
  const { limits, ...times } = options;
  return new CachingResolver(
    resolver,
    { ...defaultCacheTimes, ...times },
    { ...defaultLookupLimits, ...limits },
    watcher,
    notices,
  );
}

class CachingResolver implements Required<Resolver> {
  readonly #resolver: ResolverSource;
  readonly #options: Times;
  readonly #queue: LookupQueue;
  readonly #watcher: ResolverWatcher | undefined;
  readonly #shared: SharedAnswers | undefined;
  /** Oldest answer first. Reading does not reorder, because it happens for each request and every answer expires soon. */
  readonly #entries = new Map<string, Entry>();
  readonly #lookups = new Map<string, Lookup>();
  readonly #services: ServiceLookups;
  /** Raised when the machine's configuration changes, so that answers of look-ups begun before are not cached. */
  #generation = 0;
  #closed = false;

  constructor(
    resolver: ResolverSource,
    options: Times,
    limits: LookupLimits,
    watcher: ResolverWatcher | undefined,
    notices: MadeNotices | undefined,
  ) {
    this.#resolver = resolver;
    this.#options = options;
    this.#watcher = watcher;
    this.#services = new ServiceLookups(resolver, options.lookupTimeout);
    this.#queue = new LookupQueue(limits, () => resolver.concurrency, watcher);
    this.#shared = notices && new SharedAnswers(notices, (host, outcome, ttl) => this.#heard(host, outcome, ttl));
    resolver.follow?.(() => {
      this.#generation += 1;
      this.#shared?.changed(this.#entries.keys());
      this.#entries.clear();
    });
  }

  cached(host: string): Resolution | undefined {
    const known = this.#known(host);
    return known !== undefined && 'resolution' in known ? known.resolution : undefined;
  }

  expiresIn(host: string): number | undefined {
    const entry = this.#entries.get(host);
    return entry === undefined ? undefined : Math.max(0, entry.expires - performance.now());
  }

  services(name: string, signal?: AbortSignal): Promise<ServiceResolution> {
    return this.#services.find(name, signal);
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
    // A look-up that is queued for another client is queued for this one too, whose turn may come first.
    this.#queue.add(lookup, accountOf(client));
    return joined;
  }

  close(): void {
    this.#closed = true;
    this.#services.close();
    this.#shared?.close();
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
    if (performance.now() < entry.expires) {
      this.#watcher?.answeredFromCache();
      return entry.outcome;
    }
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
        if (outcome !== undefined && 'error' in outcome) this.#watcher?.failed(outcome.error.code);
        this.#queue.forget(lookup);
        if (outcome !== undefined && generation === this.#generation) this.#remember(host, outcome);
      },
    });
    this.#lookups.set(host, lookup);
    return lookup;
  }

  #remember(host: string, outcome: KnownName): void {
    const lifetime = this.#lifetime(outcome);
    this.#keep(host, outcome, lifetime);
    this.#shared?.tell(host, outcome, lifetime);
  }

  /** Another worker has looked the name up. Its own answer stays until it expires, because callers compare by identity. */
  #heard(host: string, outcome: KnownName, ttl: number): void {
    const { maxTtl, failureTtl } = this.#options;
    const entry = this.#entries.get(host);
    if (entry !== undefined && performance.now() < entry.expires) return;
    this.#keep(host, outcome, Math.min(ttl, 'error' in outcome ? failureTtl : maxTtl));
  }

  #keep(host: string, outcome: KnownName, lifetime: number): void {
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
    // A shortage on this machine says nothing about the name.
    if (code === 'connection_limit_reached') return 0;
    return code === 'dns_timeout' ? this.#options.timeoutTtl : this.#options.failureTtl;
  }
}

/** Answers an address instead of a name with itself. */
function literal(host: string): KnownName | undefined {
  const addr = inetAddr(host, 0);
  if (addr === undefined) return undefined;
  const address: ResolvedAddress = { family: addr.family, address: addr.address };
  return { resolution: { addresses: [address] } };
}

/**
 * The key of a client's account: its IPv4 address, or the /64 of its IPv6 address, because a client usually has all
 * addresses of a /64. Look-ups without a client, such as those of zones, have an account of their own.
 */
function accountOf(client: SockAddr | undefined): string {
  if (client === undefined) return 'nobody';
  if (client.family === 'unix') return 'unix';
  if (client.family === 'inet') return client.address;
  return parseIp(client.address)?.subarray(0, 8).join('.') ?? client.address;
}
