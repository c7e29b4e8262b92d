import type { Connection } from '@inband/core';
import type { TlsFacts } from './facts.ts';
import type { TlsHandshakeError } from './handshake-error.ts';

/** Versions that may be the lowest that is spoken. */
export type TlsVersion = '1.2' | '1.3';

/** A certificate with its key. Complete and read-only. */
export interface ServerIdentity {
  /** PEM: the certificate, then those of intermediate authorities. */
  readonly certificate: string;
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string;
}

/** Keys by which session tickets are sealed. They are asked for at each handshake, so that they can be replaced. */
export interface TicketKeySource {
  readonly current: {
    /**
     * The first one seals new tickets. Tickets of the others are still accepted, and replaced. Each is 80 bytes: 16 of its name, 32
     * for the authentication (HMAC) and 32 for the encryption (AES-256). Other keys are another array.
     */
    readonly keys: readonly Uint8Array[];
  };
}

/** What both sides can be told. */
interface TlsOptions {
  /** Default: 1.2 (RFC 9325). */
  readonly minVersion?: TlsVersion;
  /** Default: 1.3. */
  readonly maxVersion?: TlsVersion;
  /** Ciphers of TLS 1.2 as OpenSSL lists them, and suites of TLS 1.3. By default those of OpenSSL. */
  readonly ciphers?: string;
  /** Groups for the key exchange, in order. By default those of OpenSSL. */
  readonly groups?: string;
  /** Protocols in order of preference. Default: none, and then the extension is neither sent nor answered. */
  readonly alpn?: readonly string[];
  /** PEM: authorities that are trusted. */
  readonly ca?: readonly string[];
  /** PEM: lists of revoked certificates. With one, each authority of a chain needs one. */
  readonly crl?: readonly string[];
}

/** `request`: a client may have no certificate, but one that it shows must be good. */
export type ClientAuth = 'off' | 'request' | 'require';

/** TLS with clients. Renegotiation and early data are always off. */
export interface TlsServerOptions extends TlsOptions {
  readonly identity: ServerIdentity;
  /** Default: off. */
  readonly clientAuth?: ClientAuth;
  /** Without it, a session is resumed with the context that made it only. */
  readonly tickets?: TicketKeySource;
}

/** TLS with servers. */
export interface TlsClientOptions extends TlsOptions {
  /** Whether the chain must lead to an authority that is trusted: `ca`, else those of Node. Names are up to the caller. Default: true. */
  readonly verify?: boolean;
  /** For servers that ask for a certificate. */
  readonly identity?: ServerIdentity;
}

/** Options in the form that an implementation works with. Its owner releases it once; connections that were made by it go on. */
export interface TlsContext {
  release(): void;
}
declare const side: unique symbol;
export interface TlsServerContext extends TlsContext {
  readonly [side]?: 'server';
}
export interface TlsClientContext extends TlsContext {
  readonly [side]?: 'client';
}

/** A connection over which TLS is spoken. What it carries is plain. */
export interface TlsConnection extends Connection {
  readonly tls: TlsFacts;
}

/**
 * Called once, later: with a connection that is paused and belongs to the caller from then on, or with an error, after which nothing is left
 * open.
 */
export type HandshakeDone = (error: TlsHandshakeError | undefined, connection?: TlsConnection) => void;

/** A handshake that is going on. It has no timeout: its owner bounds the wait by `cancel`. */
export interface Handshake {
  /** Closes the connection; `done` is not called any more. With an `error` the peer gets a reset. */
  cancel(error?: Error): void;
}

/** What speaks TLS. Both implementations pass one suite. */
export interface TlsImplementation {
  readonly name: 'openssl' | 'node';
  /** Throws a {@link TlsConfigurationError}: a key of another certificate, ciphers that do not exist. */
  serverContext(options: TlsServerOptions): TlsServerContext;
  /** Throws a {@link TlsConfigurationError}. */
  clientContext(options: TlsClientOptions): TlsClientContext;
  /** Takes over `plain`, which is paused. `begun`: what was read of it already, copied by the call. */
  accept(plain: Connection, context: TlsServerContext, begun: Uint8Array | undefined, done: HandshakeDone): Handshake;
  /** Takes over `plain`, which is paused. `serverName`: what the ClientHello names; undefined for an address. */
  connect(plain: Connection, context: TlsClientContext, serverName: string | undefined, done: HandshakeDone): Handshake;
}
