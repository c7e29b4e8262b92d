import type { SockAddr } from '../base/address.ts';
import type { ProxyError } from '../base/errors.ts';

/** One address of a name. */
export interface ResolvedAddress {
  readonly family: 'inet' | 'inet6';
  /** Canonical text (see `InetAddr.address`). */
  readonly address: string;
}

/** What a host name resolves to. */
export interface Resolution {
  /** In order of preference. Never empty. */
  readonly addresses: readonly ResolvedAddress[];
  /** The time to live in seconds. Undefined when the resolver does not know it (getaddrinfo). */
  readonly ttl?: number;
}

/** One place of a service (RFC 2782). */
export interface ServiceRecord {
  /** The host, in lower case, without the final dot. */
  readonly target: string;
  readonly port: number;
  /** 0 to 65535. Those with the least are used while one of them can be reached. */
  readonly priority: number;
  /** 0 to 65535: its share of the sessions, beside others of the same priority. */
  readonly weight: number;
}

/** Where a service is. */
export interface ServiceResolution {
  /** By priority. Never empty. */
  readonly services: readonly ServiceRecord[];
  /** The time to live in seconds. Undefined when the resolver does not know it (node:dns). */
  readonly ttl?: number;
}

/** An answer or error for a name that needed no query. */
export type KnownName = { readonly resolution: Resolution } | { readonly error: ProxyError };

/**
 * Resolves a host name to all its addresses, of both families. Rejects with a ProxyError: `dns_error` when the name does
 * not exist or has no address, `dns_timeout` when no server answered in time. Never returns an empty list.
 */
export interface Resolver {
  /**
   * `client` is the client that needs the name, if there is one, because the concurrent look-ups of a client are limited.
   * `host` has no brackets. The resolver that chainers get also takes an address and answers with it.
   */
  resolve(host: string, signal?: AbortSignal, client?: SockAddr): Promise<Resolution>;
  /** The cached answer, or undefined when there is none or it has expired. */
  cached?(host: string): Resolution | undefined;
  /** Milliseconds for which the cached answer or failure is still used. Undefined when there is none. */
  expiresIn?(host: string): number | undefined;
  /**
   * Looks up where a service is by its SRV records (RFC 2782), such as `_http._tcp.shop.example`. Exactly this name is asked for. Rejects
   * with a ProxyError: `dns_error` when there is no such service, `dns_timeout` when no server answered in time. Not cached. The targets
   * are names, to be looked up by `resolve`.
   */
  services?(name: string, signal?: AbortSignal): Promise<ServiceResolution>;
  /** Gives back what it holds: sockets, timers, watched files. Look-ups that are still running may be rejected. */
  close?(): void;
}

/** A resolver behind the cache. */
export interface ResolverSource extends Resolver {
  /** Answers without a query, from files or from the name itself. Not cached. */
  known?(host: string): KnownName | undefined;
  /**
   * The number of look-ups that can run at once, if it is limited. A look-up then counts until its promise settles, even
   * when its callers have stopped waiting.
   */
  readonly concurrency?: number | undefined;
  /** Calls `changed` whenever earlier answers may be wrong. The cache then drops them. */
  follow?(changed: () => void): void;
}
