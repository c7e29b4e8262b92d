/** Where a DNS server is. An IPv6 address may have a zone: `fe80::1%eth0`. */
export interface DnsServerAddress {
  readonly address: string;
  readonly port: number;
}

/** The bounds of one try. */
export interface DnsTry {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Carries one query to one server and its answer back. Each try has a socket of its own, with a port that cannot be
 * guessed, closed when the promise settles. Rejects with an error that has a `code`: `ETIMEOUT`, `ECANCELLED`, what
 * `accept` threw, or the system's (`ECONNREFUSED` where nothing listens).
 */
export interface DnsSockets {
  /** Over UDP. `accept` gets every datagram from that server until it gives a value; undefined is nobody's answer. */
  datagram<T>(
    server: DnsServerAddress,
    query: Uint8Array,
    bounds: DnsTry,
    accept: (bytes: Uint8Array) => T | undefined,
  ): Promise<T>;
  /** Over TCP, where the message has its length in front (RFC 7766). */
  stream(server: DnsServerAddress, query: Uint8Array, bounds: DnsTry): Promise<Uint8Array>;
}
