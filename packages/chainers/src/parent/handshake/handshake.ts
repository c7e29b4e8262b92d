/** What a handshake made of the bytes that it was given. */
export interface HandshakeStep {
  /** Bytes that were read. Those behind them stay for the next step, or belong to the tunnel. */
  readonly used: number;
  /** What is sent to the parent next. */
  readonly send?: Uint8Array | undefined;
  /** The tunnel is open. */
  readonly isDone?: boolean;
}

/**
 * How a parent is asked for a connection to a target: bytes in, bytes out, without a connection of its own. It serves one connection.
 */
export interface Handshake {
  /** What is sent first. */
  begin(): Uint8Array;
  /**
   * Reads `received`, everything that came and was not used before. Undefined: more bytes are needed. Throws a `ProxyError` if the parent
   * refuses, or does not speak the protocol.
   */
  read(received: Buffer): HandshakeStep | undefined;
}

/** Where a parent is asked to connect to: a name that it resolves, or an address. */
export interface HandshakeTarget {
  /** A host name in ASCII, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}
