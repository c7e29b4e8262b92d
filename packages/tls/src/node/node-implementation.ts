import { type Connection, duplexFromConnection } from '@inband/core';
import type { Duplex } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { TlsHandshakeError } from '../base/handshake-error.ts';
import type { Handshake, HandshakeDone, TlsImplementation } from '../base/implementation.ts';
import { NodeConnection } from './node-connection.ts';
import { NodeClientContext, NodeServerContext } from './node-contexts.ts';
import type { PeerCertificate } from '../base/peer-certificate.ts';
import { factsOf, type Shown, shownOnce } from './socket-facts.ts';
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
    // With it OpenSSL sends an alert to a client without a certificate. What one is worth is judged after the handshake.
    rejectUnauthorized: clientAuth === 'require',
    ...(alpn && { ALPNProtocols: alpn }),
  });
  const shown = shownOnce(socket);
  return drive(
    { plain, duplex, socket, event: 'secure', need: clientAuth, peerOf: () => shown().peer },
    (error, connection) => {
      if (clientAuth !== 'off' && error === undefined && !socket.isSessionReused()) context.verified(shown());
      done(error, connection);
    },
  );
}

function connectTo(
  plain: Connection,
  context: NodeClientContext,
  serverName: string | undefined,
  done: HandshakeDone,
): Handshake {
  const { secure, alpn, verify } = context;
  const kept = serverName === undefined ? undefined : context.sessionFor(serverName);
  const duplex = duplexFromConnection(plain);
  const socket = connect({
    socket: duplex,
    secureContext: secure,
    // Verified below, so that an error is the same whatever implementation found it.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serverName !== undefined && { servername: serverName }),
    ...(alpn && { ALPNProtocols: alpn }),
    ...(kept && { session: kept.session }),
  });
  const shown = shownOnce(socket);
  const known = (): Shown | undefined => (socket.isSessionReused() ? kept : shown());
  const peerOf = (): PeerCertificate | undefined => known()?.peer;
  // Undefined unless the server is the right one: Node tells of sessions also when it was refused.
  let verified: Shown | undefined;
  if (serverName !== undefined) {
    socket.on('session', (session: Buffer) => {
      if (verified !== undefined) context.keepSession(serverName, { ...verified, session });
    });
  }
  const need = verify ? 'require' : 'off';
  return drive({ plain, duplex, socket, event: 'secureConnect', need, peerOf }, (error, connection) => {
    if (error === undefined) verified = known();
    done(error, connection);
  });
}

/** A handshake that has begun. */
interface Begun {
  readonly plain: Connection;
  readonly duplex: Duplex;
  readonly socket: TLSSocket;
  /** What the socket emits at the end of the handshake. */
  readonly event: 'secure' | 'secureConnect';
  readonly need: 'off' | 'request' | 'require';
  readonly peerOf: () => PeerCertificate | undefined;
}

/** Waits for the end of the handshake, whichever it is. */
function drive({ plain, duplex, socket, event, need, peerOf }: Begun, done: HandshakeDone): Handshake {
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
    const peer = peerOf();
    const refused = refusalOf(socket, peer, need);
    if (refused !== undefined) return fail(refused);
    isOver = true;
    socket.off('error', onError);
    socket.off('close', onClose);
    duplex.off('end', onClose);
    done(undefined, new NodeConnection(plain, duplex, socket, factsOf(socket, peer)));
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
