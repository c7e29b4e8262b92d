/** An alert of TLS (RFC 8446 section 6). */
export interface TlsAlert {
  readonly direction: 'sent' | 'received';
  readonly number: number;
  /** As in the RFC: `unknown_ca`. */
  readonly name: string;
}

/** Why TLS cannot go on. The engine is of no use any more. */
export interface EngineFault {
  /** In OpenSSL's words: `certificate verify failed`. */
  readonly reason: string;
  /** OpenSSL's number of the reason. */
  readonly code: number;
  /** The alert that ended it, if there was one. */
  readonly alert: TlsAlert | undefined;
  /** Why the peer's certificates were not believed. */
  readonly verification: { readonly text: string } | undefined;
}

/** What a handshake made, as an engine tells it. */
export interface EngineFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  readonly cipher: string;
  readonly group: string | undefined;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  /** The peer's certificate in DER. Only an engine that lives can tell it for the first time. */
  readonly certificate: Buffer | undefined;
}

/**
 * TLS for one connection, without its socket. Whoever drives it calls `takeCipher` after each `handshake`, `read`, `write` and
 * `shutdown` until it says 0, and sends what it gave.
 */
export interface TlsEngine {
  /** Where `read` puts what it decrypts. It may be the same memory for all engines. */
  readonly plain: Buffer;
  /** What the last `takeCipher` gave, from its start on, until the next call of any engine. */
  readonly cipher: Buffer;
  /** Whether `read` may say something else than 0. */
  readonly hasInput: boolean;
  /** Whether no peer waits for what is left to be sent after `done`: session tickets of TLS 1.3. */
  readonly endsWithTickets: boolean;
  /** Takes a copy of `bytes[start..end)`, which the peer has sent. */
  feed(bytes: Uint8Array, start: number, end: number): void;
  /** Begins the handshake or goes on with it. After `done` there may be data to read. */
  handshake(): 'done' | 'want-read' | EngineFault;
  /** Decrypts into `plain`: the number of bytes; 0 if more must be fed, and `closed` after close_notify. */
  read(): number | 'closed' | EngineFault;
  /** Encrypts `bytes[start..end)` as a whole. */
  write(bytes: Uint8Array, start: number, end: number): EngineFault | undefined;
  /** The number of bytes in `cipher` that are to be sent next. */
  takeCipher(): number;
  /** Writes close_notify. Nothing is written after it. */
  shutdown(): void;
  /** Releases what the engine holds. Every call after it does nothing. */
  free(): void;
  facts(): EngineFacts;
}
