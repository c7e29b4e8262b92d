import { type Connection, type Service, Session, stackProxy, type Transport } from '@inband/core';
import { silentConnection } from '../support/silent-connection.ts';

type Accept = (connection: Connection) => void;

/**
 * A transport whose connections are those between a proxy and one that is stacked in it: `transport`, which must accept
 * in the same event-loop iteration in which it settles, only says which client reaches which listener.
 */
export function throughStack(transport: Transport): Transport {
  const arrived: Accept[] = [];
  return {
    name: `stacked over ${transport.name}`,
    connect: (remote, options, settle) =>
      transport.connect(remote, options, (error, connection) => {
        const accept = arrived.shift();
        if (connection === undefined || accept === undefined) return settle(error);
        connection.destroy();
        settle(undefined, stacked(connection, accept));
      }),
    listen: (bind, options, accept) =>
      transport.listen(bind, options, (connection) => {
        connection.destroy();
        arrived.push(accept);
      }),
  };
}

/** The outer proxy's end; the other goes to `accept`. */
function stacked({ local, remote }: Connection, accept: Accept): Connection {
  const proxy = {
    open: 0,
    accept: ({ connection }: { connection: Connection }) => accept(connection),
    drain: () => Promise.resolve(),
    close() {},
  };
  // The server's side.
  const connection = silentConnection(local, remote);
  const client = { id: 0, connection, address: local, local: remote, listener: remote };
  const server = { connection, remote, local, reused: false, release() {}, destroy() {} };
  return stackProxy(proxy, new Session(client, {} as Service), server).connection;
}
