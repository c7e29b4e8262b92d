import type { SockAddr } from '../base/address.ts';
import type { ProxyError } from '../base/errors.ts';

/** One address of a name. */
export interface ResolvedAddress {
  readonly family: 'inet' | 'inet6';
  /** Canonical text (see `InetAddr.address`). */
  readonly address: string;
}

export interface Resolution {
  /** In the order the resolver prefers; never empty. */
  readonly addresses: readonly ResolvedAddress[];
  /** Seconds that the answer may be kept; undefined when the resolver does not know (getaddrinfo). */
  readonly ttl?: number;
}

/** What is known of a name without asking anybody. */
export type KnownName = { readonly resolution: Resolution } | { readonly error: ProxyError };

/**
 * Turns a host name into all its addresses, of both families. Rejects with a ProxyError: `dns_error` when the name
 * does not exist or has no address, `dns_timeout` when nobody answered in time. Never gives an empty list.
 */
export interface Resolver {
  /**
   * `client` is on whose behalf it is asked, where that is known: what one client has looked up at once is bounded. Names
   * come without brackets; the resolver that is given to chainers answers an address in the place of a name with itself.
   */
  resolve(host: string, signal?: AbortSignal, client?: SockAddr): Promise<Resolution>;
  /** What is known without asking anyone: the cached answer, if there is a fresh one. */
  cached?(host: string): Resolution | undefined;
  close?(): void;
}

/** What a resolver may tell the cache in front of it, beside answers. */
export interface ResolverSource extends Resolver {
  /** Answers at once, whatever else is being looked up, and is not cached: from files, or from the name itself. */
  known?(host: string): KnownName | undefined;
  /**
   * How many look-ups it can run at once, where that is few. Then a look-up counts until its promise settles, also when
   * nobody waits for it any more.
   */
  readonly concurrency?: number | undefined;
  /** Has `changed` called whenever all that it said before may be wrong: the cache forgets it. */
  follow?(changed: () => void): void;
}
