/** Bytes that `read` decrypts at most in one call: the plain bytes of one record (RFC 8446 section 5.1). */
export const RECORD_LENGTH = 16_384;

/** Bytes of the buffer that takes what was received and OpenSSL has not read yet. */
export const INPUT_LENGTH = 256 * 1024;

/**
 * Bytes of the buffer that takes what is decrypted. A whole input fits, so that nothing of it is left for the handler, who may write by
 * another engine: it would be copied to memory of its own then.
 */
export const PLAIN_LENGTH = INPUT_LENGTH + RECORD_LENGTH;

/**
 * Bytes that OpenSSL can write before somebody takes them. More than what an epoll connection receives at once comes to, because the rest would be
 * copied to memory of its own, which makes V8 collect garbage.
 */
export const OUTPUT_LENGTH = 512 * 1024;

/** Plain bytes that one call of `write` takes at most. With what 14 records add they fit into an empty output. */
export const WRITE_LENGTH = 14 * RECORD_LENGTH;

/** Bytes of a ticket key: 16 of its name, 32 for the authentication (HMAC) and 32 for the encryption (AES). */
export const TICKET_KEY_LENGTH = 80;

declare const kind: unique symbol;

/** The address of an object of OpenSSL; 0 is none. One owner in our code has it and frees it once. */
export type Pointer<Kind extends string> = number & { readonly [kind]: Kind };
/** `SSL_CTX`: what the connections of one configuration share. */
export type ContextPointer = Pointer<'SSL_CTX'>;
/** `SSL`: one connection. */
export type SslPointer = Pointer<'SSL'>;
/** `SSL_SESSION`: what a client keeps to resume. */
export type SessionPointer = Pointer<'SSL_SESSION'>;
/** `X509_STORE`: certificates that are trusted, and revocation lists. */
export type StorePointer = Pointer<'X509_STORE'>;

export type Side = 'server' | 'client';

/** How a context asks its peers for a certificate (SSL_VERIFY_…). */
export const VERIFY_NONE = 0;
export const VERIFY_PEER = 1;
export const VERIFY_REQUIRED = 3;

/** What `errorOf` says (SSL_ERROR_…). */
export const WANT_READ = 2;
export const WANT_WRITE = 3;
export const ZERO_RETURN = 6;

export const TLS_1_2 = 0x0303;
export const TLS_1_3 = 0x0304;

/** An entry of the error queue of OpenSSL. */
export interface OpenSslError {
  /** Number of the library inside of OpenSSL (ERR_LIB_…). */
  readonly library: number;
  /** Number of the reason within that library. */
  readonly reason: number;
  /** The reason in OpenSSL's words, e.g. `certificate verify failed`. */
  readonly text: string;
}

/** Counts of living objects. */
export interface Living {
  readonly contexts: number;
  readonly connections: number;
  readonly sessions: number;
  readonly stores: number;
}

/**
 * The calls into OpenSSL that this package makes. Nothing else of it is unsafe. Results that are no booleans are those of
 * OpenSSL. Lengths are checked before a call; one out of bounds throws a `RangeError`. All connections read from one input and
 * write to one output, so whoever calls sees to it that both belong to the connection that the call is about.
 */
export interface OpenSsl {
  /** E.g. `3.5.8`. */
  readonly version: string;
  readonly living: Living;

  /** What `read` decrypted. */
  readonly plain: Buffer;
  /** What OpenSSL wrote, from its start on; valid until the next call about any connection. */
  readonly output: Buffer;
  /** Bytes that OpenSSL has written and nobody has taken yet. */
  readonly outputLength: number;
  /** Takes all of what OpenSSL has written, which is in `output` then: the number of bytes. */
  takeOutput(): number;
  /** Received bytes that OpenSSL has not read yet. */
  readonly inputLength: number;
  /** Lets OpenSSL read a copy of `bytes[start..end)`, at most {@link INPUT_LENGTH}. What it had not read before is gone. */
  setInput(bytes: Uint8Array, start: number, end: number): void;
  /** Takes back what OpenSSL has not read yet: a copy. */
  takeInput(): Buffer;

  newContext(side: Side): ContextPointer;
  freeContext(context: ContextPointer): void;
  setVersions(context: ContextPointer, least: number, most: number): boolean;
  /** Ciphers of TLS 1.2, separated by colons. */
  setCiphers(context: ContextPointer, names: string): boolean;
  /** Cipher suites of TLS 1.3, separated by colons. */
  setCipherSuites(context: ContextPointer, names: string): boolean;
  setGroups(context: ContextPointer, names: string): boolean;
  /** DER. */
  useCertificate(context: ContextPointer, certificate: Uint8Array): boolean;
  addToChain(context: ContextPointer, certificate: Uint8Array): boolean;
  /** PKCS #8 in DER. Fails if it does not belong to the certificate that was set before. */
  usePrivateKey(context: ContextPointer, key: Uint8Array): boolean;
  setVerification(context: ContextPointer, mode: number): void;
  setSessionContext(context: ContextPointer, id: Uint8Array): boolean;
  /** Names a certificate authority in the request for a certificate. */
  announceAuthority(context: ContextPointer, certificate: Uint8Array): boolean;
  /** Has a server of TLS 1.3 send no ticket by itself, but only by {@link makeTicket}. */
  holdTickets(context: ContextPointer): void;
  /** {@link TICKET_KEY_LENGTH} bytes. */
  setTicketKey(context: ContextPointer, key: Uint8Array): boolean;
  /** The protocols that a client offers, as on the wire. */
  offerProtocols(context: ContextPointer, protocols: Uint8Array): boolean;
  /** The protocols of which a server chooses its first that the client has, too. The list lives as long as the process. */
  chooseProtocols(context: ContextPointer, protocols: Uint8Array): void;

  newStore(): StorePointer;
  freeStore(store: StorePointer): void;
  addAuthority(store: StorePointer, certificate: Uint8Array): boolean;
  /** A certificate revocation list in DER. From the first one on each certificate of a chain needs a list. */
  addRevocations(store: StorePointer, list: Uint8Array): boolean;
  /** The context shares it from then on. */
  setStore(context: ContextPointer, store: StorePointer): void;

  /** A connection that reads from the input and writes to the output. It shares the context. */
  newConnection(context: ContextPointer, side: Side): SslPointer;
  freeConnection(ssl: SslPointer): void;
  setServerName(ssl: SslPointer, name: string): boolean;
  handshake(ssl: SslPointer): number;
  /** Decrypts into `plain` from `at` on, where there is room for a record. */
  read(ssl: SslPointer, at: number): number;
  /** Encrypts `bytes[start..end)`, at most {@link WRITE_LENGTH}. */
  write(ssl: SslPointer, bytes: Uint8Array, start: number, end: number): number;
  shutdown(ssl: SslPointer): number;
  /** Why a call did not succeed. */
  errorOf(ssl: SslPointer, result: number): number;
  /** Takes everything out of the error queue of this thread. */
  takeErrors(): OpenSslError[];
  clearErrors(): void;

  versionOf(ssl: SslPointer): number;
  cipherOf(ssl: SslPointer): string | undefined;
  groupOf(ssl: SslPointer): string | undefined;
  serverNameOf(ssl: SslPointer): string | undefined;
  protocolOf(ssl: SslPointer): string | undefined;
  isResumed(ssl: SslPointer): boolean;
  /** The result of the verification of the peer's chain (X509_V_…). 0 is success, also if there was none. */
  verificationOf(ssl: SslPointer): number;
  verificationText(code: number): string;
  /** The peer's certificate in DER. */
  certificateOf(ssl: SslPointer): Buffer | undefined;
  /**
   * Milliseconds until the first certificate of the peer's chain expires, that of the authority included. Undefined if none was verified, as
   * when a session is resumed.
   */
  chainLifeOf(ssl: SslPointer): number | undefined;

  /**
   * Of a server, behind its handshake: milliseconds for which its session could still be resumed. When it was resumed, that is what the full handshake
   * before left of it.
   */
  sessionLifeOf(ssl: SslPointer): number;
  /** Of a server: has its session be resumed for so long at most, in milliseconds, by tickets that are made from now on. */
  boundSession(ssl: SslPointer, life: number): void;
  /** Has the next `handshake` send a ticket for the session. Only with TLS 1.3. */
  makeTicket(ssl: SslPointer): boolean;

  /** The session if it can be resumed, for the caller to free. */
  takeSession(ssl: SslPointer): SessionPointer | undefined;
  setSession(ssl: SslPointer, session: SessionPointer): boolean;
  freeSession(session: SessionPointer): void;
}
