import type { Connection } from '@inband/core';
import type {
  Handshake,
  HandshakeDone,
  TlsClientContext,
  TlsContext,
  TlsImplementation,
  TlsServerContext,
} from '../base/implementation.ts';
import { EngineHandshake } from '../connection/engine-handshake.ts';
import type { Living } from '../openssl/calls.ts';
import type { OpenSslClientContext } from '../openssl/client-context.ts';
import { loadOpenSsl } from '../openssl/openssl.ts';
import type { OpenSslServerContext } from '../openssl/server-context.ts';

/** The implementation that calls OpenSSL directly. */
export interface OpenSslImplementation extends TlsImplementation {
  readonly name: 'openssl';
  /** How many objects of OpenSSL are alive now. */
  readonly living: Living;
}

/** TLS by the OpenSSL of Node itself. Throws an error with one sentence that says why it cannot be called. */
export function opensslImplementation(): OpenSslImplementation {
  const openssl = loadOpenSsl();
  return {
    name: 'openssl',
    get living() {
      return openssl.living;
    },
    serverContext: (options) => new ServerContext(openssl.serverContext(options)),
    clientContext: (options) => new ClientContext(openssl.clientContext(options)),
    accept: (plain, context, begun, done) => accept(plain, ours(context, ServerContext), begun, done),
    connect: (plain, context, name, done) => connect(plain, ours(context, ClientContext), name, done),
  };
}

function accept(
  plain: Connection,
  context: ServerContext,
  begun: Uint8Array | undefined,
  done: HandshakeDone,
): Handshake {
  return new EngineHandshake(plain, context.openssl.engine(), done).begin(begun);
}

function connect(
  plain: Connection,
  context: ClientContext,
  serverName: string | undefined,
  done: HandshakeDone,
): Handshake {
  return new EngineHandshake(plain, context.openssl.engine(serverName), done).begin();
}

class ServerContext implements TlsServerContext {
  readonly openssl: OpenSslServerContext;

  constructor(context: OpenSslServerContext) {
    this.openssl = context;
  }

  release(): void {
    this.openssl.release();
  }
}

class ClientContext implements TlsClientContext {
  readonly openssl: OpenSslClientContext;

  constructor(context: OpenSslClientContext) {
    this.openssl = context;
  }

  release(): void {
    this.openssl.release();
  }
}

function ours<T extends TlsContext>(context: TlsContext, kind: abstract new (...parameters: never[]) => T): T {
  if (context instanceof kind) return context;
  throw new TypeError('The context is one of another implementation.');
}
