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

/**
 * Turns a host name into all its addresses, of both families. Rejects with a ProxyError: `dns_error` when the name
 * does not exist or has no address, `dns_timeout` when nobody answered in time. Never gives an empty list.
 */
export interface Resolver {
  resolve(host: string, signal?: AbortSignal): Promise<Resolution>;
  /** What is known without asking anyone: the cached answer, if there is a fresh one. */
  cached?(host: string): Resolution | undefined;
  close?(): void;
}
