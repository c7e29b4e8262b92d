import { type Connection, connectionFromDuplex, duplexFromConnection } from '@inband/core';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, type SecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { TlsConfigurationError } from '../base/configuration-error.ts';
import { TlsHandshakeError } from '../base/handshake-error.ts';
import type {
  Handshake,
  HandshakeDone,
  TlsClientContext,
  TlsClientOptions,
  TlsImplementation,
  TlsServerContext,
  TlsServerOptions,
} from '../base/implementation.ts';
import { factsOf } from './socket-facts.ts';
import { failureOf, refusalOf } from './socket-failure.ts';

/** TLS by `node:tls`, over a stream of the connection. Works everywhere, and costs about three times what OpenSSL itself does. */
export const nodeImplementation: TlsImplementation = {
  name: 'node',
  serverContext: (options) => new NodeServerContext(options),
  clientContext: (options) => new NodeClientContext(options),
  accept: (plain, context, begun, done) => accept(plain, ours(context, NodeServerContext), begun, done),
  connect: (plain, context, name, done) => connectTo(plain, ours(context, NodeClientContext), name, done),
};

function ours<T>(context: object, kind: abstract new (...parameters: never[]) => T): T {
  if (context instanceof kind) return context;
  throw new TypeError('The context is one of another implementation.');
}

abstract class NodeContext {
  readonly alpn: string[] | undefined;

  constructor({ alpn }: TlsServerOptions | TlsClientOptions) {
    this.alpn = alpn === undefined ? undefined : [...alpn];
  }

  release(): void {}
}

class NodeServerContext extends NodeContext implements TlsServerContext {
  readonly clientAuth: 'off' | 'request' | 'require';
  readonly #options: TlsServerOptions;
  #keys: readonly Uint8Array[] | undefined;
  #secure: SecureContext;

  constructor(options: TlsServerOptions) {
    super(options);
    this.#options = options;
    this.#keys = options.tickets?.current.keys;
    this.#secure = secureContext(options, this.#keys);
    this.clientAuth = options.clientAuth ?? 'off';
  }

  get secure(): SecureContext {
    const keys = this.#options.tickets?.current.keys;
    if (keys !== this.#keys) {
      this.#keys = keys;
      this.#secure = secureContext(this.#options, keys);
    }
    return this.#secure;
  }
}

class NodeClientContext extends NodeContext implements TlsClientContext {
  readonly secure: SecureContext;
  readonly verify: boolean;
  /** Of the last connection to each name. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(options: TlsClientOptions) {
    super(options);
    this.secure = secureContext(options);
    this.verify = options.verify ?? true;
  }

  sessionFor(name: string): Buffer | undefined {
    return this.#sessions.get(name);
  }

  keepSession(name: string, session: Buffer): void {
    if (this.#sessions.size >= MOST_SESSIONS) this.#sessions.clear();
    this.#sessions.set(name, session);
  }
}

/** Names of which a session is kept. */
const MOST_SESSIONS = 1_000;
/** Bytes of the key that Node takes for tickets. It knows no former ones. */
const NODE_TICKET_KEYS = 48;

function secureContext(options: TlsServerOptions | TlsClientOptions, keys?: readonly Uint8Array[]): SecureContext {
  const { identity, minVersion = '1.2', ciphers, groups, ca, crl } = options;
  const lowest: SecureVersion = minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  try {
    return createSecureContext({
      minVersion: lowest,
      ...(identity && { cert: identity.certificate, key: identity.key }),
      ...(ciphers !== undefined && { ciphers }),
      ...(groups !== undefined && { ecdhCurve: groups }),
      ...(ca !== undefined && { ca: [...ca] }),
      ...(crl !== undefined && crl.length > 0 && { crl: [...crl] }),
      ...(keys?.[0] && { ticketKeys: Buffer.from(keys[0].subarray(0, NODE_TICKET_KEYS)) }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsConfigurationError(`OpenSSL refuses it: ${why}.`, { cause: error });
  }
}

function accept(
  plain: Connection,
  context: NodeServerContext,
  begun: Uint8Array | undefined,
  done: HandshakeDone,
): Handshake {
  const duplex = duplexFromConnection(plain);
  if (begun !== undefined) duplex.unshift(Buffer.from(begun));
  const { secure, alpn, clientAuth } = context;
  const socket = new TLSSocket(duplex, {
    isServer: true,
    secureContext: secure,
    requestCert: clientAuth !== 'off',
    rejectUnauthorized: false,
    ...(alpn && { ALPNProtocols: alpn }),
  });
  return drive(plain, duplex, socket, 'secure', done, () => refusalOf(socket, clientAuth));
}

function connectTo(
  plain: Connection,
  context: NodeClientContext,
  serverName: string | undefined,
  done: HandshakeDone,
): Handshake {
  const { secure, alpn, verify } = context;
  const session = context.sessionFor(serverName ?? '');
  const duplex = duplexFromConnection(plain);
  const socket = connect({
    socket: duplex,
    secureContext: secure,
    // Verified below, so that an error is the same whatever implementation found it.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serverName !== undefined && { servername: serverName }),
    ...(alpn && { ALPNProtocols: alpn }),
    ...(session && { session }),
  });
  socket.on('session', (one: Buffer) => context.keepSession(serverName ?? '', one));
  return drive(plain, duplex, socket, 'secureConnect', done, () => refusalOf(socket, verify ? 'require' : 'off'));
}

/** Waits for the end of the handshake, whichever it is. */
function drive(
  plain: Connection,
  duplex: Duplex,
  socket: TLSSocket,
  event: 'secure' | 'secureConnect',
  done: HandshakeDone,
  refusal: () => TlsHandshakeError | undefined,
): Handshake {
  const { local, remote } = plain;
  let isOver = false;
  const fail = (error: TlsHandshakeError): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    // A socket that is destroyed in its handshake leaves the stream open.
    duplex.destroy();
    done(error);
  };
  const onError = (error: Error): void => fail(failureOf(error));
  const onClose = (): void => fail(new TlsHandshakeError('closed', 'The connection ended during the handshake.'));
  socket.on('error', onError);
  socket.on('close', onClose);
  // The socket says nothing of an end in its handshake.
  duplex.on('end', onClose);
  socket.once(event, () => {
    if (isOver) return;
    const refused = refusal();
    if (refused !== undefined) return fail(refused);
    isOver = true;
    socket.off('error', onError);
    socket.off('close', onClose);
    duplex.off('end', onClose);
    const connection = connectionFromDuplex(socket, { local, remote });
    done(undefined, Object.assign(connection, { tls: factsOf(socket) }));
  });
  return {
    cancel: (error?: Error) => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      duplex.destroy(error);
    },
  };
}
