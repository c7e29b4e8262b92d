import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { connect as startTls, createSecureContext, TLSSocket } from 'node:tls';
import { connectionFromDuplex, duplexFromConnection } from '@inband/core';
import type { Connection, Transport } from '@inband/core';

function throughStream(connection: Connection): Connection {
  return connectionFromDuplex(duplexFromConnection(connection), connection);
}

/** A transport whose connections have been turned into streams and back. */
export function throughDuplex(transport: Transport): Transport {
  return {
    name: `${transport.name} through a stream`,
    connect: (remote, options, settle) =>
      transport.connect(remote, options, (error, connection) => {
        if (connection === undefined) settle(error);
        else settle(undefined, throughStream(connection));
      }),
    listen: (bind, options, accept) =>
      transport.listen(bind, options, (connection) => accept(throughStream(connection))),
  };
}

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
const certificate = fixture('localhost.crt');
const serverContext = createSecureContext({ cert: certificate, key: fixture('localhost.key') });

/** A transport that speaks TLS over another one's connections. */
export function throughTls(transport: Transport): Transport {
  return {
    name: `TLS over ${transport.name}`,
    connect: (remote, options, settle) => {
      let cancel = transport.connect(remote, options, (error, connection) => {
        if (connection === undefined) settle(error);
        else cancel = handshake(clientSide, connection, settle);
      });
      return () => cancel();
    },
    listen: (bind, options, accept) =>
      transport.listen(bind, options, (connection) => {
        handshake(serverSide, connection, (_error, secured) => {
          if (secured !== undefined) accept(secured);
        });
      }),
  };
}

function clientSide(duplex: Duplex): TLSSocket {
  // Whether one direction may end before the other is taken from the carrier.
  return startTls({ socket: duplex, servername: 'localhost', ca: certificate });
}

function serverSide(duplex: Duplex): TLSSocket {
  return new TLSSocket(duplex, { isServer: true, secureContext: serverContext });
}

/** Settles once; after that the returned function does nothing. */
function handshake(
  wrap: (duplex: Duplex) => TLSSocket,
  carrier: Connection,
  settle: (error: Error | undefined, connection?: Connection) => void,
): () => void {
  const duplex = duplexFromConnection(carrier);
  const socket = wrap(duplex);
  // A client that gives up in the middle of the handshake.
  const onEnd = (): void => void socket.destroy();
  duplex.once('end', onEnd);
  let pending = true;
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure = error;
  };
  const onClose = (): void => {
    if (!pending) return;
    pending = false;
    settle(failure ?? new Error('closed during the handshake'));
  };
  socket.on('error', onError);
  socket.on('close', onClose);
  socket.once('secure', () => {
    if (!pending) return;
    pending = false;
    duplex.off('end', onEnd);
    socket.off('error', onError);
    socket.off('close', onClose);
    settle(undefined, connectionFromDuplex(socket, carrier));
  });
  return () => {
    if (!pending) return;
    pending = false;
    socket.destroy();
  };
}
