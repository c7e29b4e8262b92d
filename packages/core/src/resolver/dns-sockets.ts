/** The address of a DNS server. An IPv6 address may name an interface: `fe80::1%eth0`. */
export interface DnsServerAddress {
  readonly address: string;
  readonly port: number;
}

/** The timeout and cancellation of one query. */
export interface DnsTry {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one query to one server and returns the answer. Each query has a socket of its own, whose port is random against
 * spoofed answers. The socket is closed when the promise settles. Rejects with an error that has a `code`: `ETIMEOUT`,
 * `ECANCELLED`, that of what `accept` threw, or the system's (`ECONNREFUSED` where nothing listens).
 */
export interface DnsSockets {
  /** Asks over UDP. `accept` gets every datagram from that server until it returns a value. It returns undefined to ignore one. */
  datagram<T>(
    server: DnsServerAddress,
    query: Uint8Array,
    bounds: DnsTry,
    accept: (bytes: Uint8Array) => T | undefined,
  ): Promise<T>;
  /** Asks over TCP, where messages have a length prefix (RFC 7766). */
  stream(server: DnsServerAddress, query: Uint8Array, bounds: DnsTry): Promise<Uint8Array>;
}
