import { createEpollTransport, createMemoryNetwork, createNodeTransport, forgeAddrProblem } from '@inband/core';
import type { Connection, SockAddr, Transport } from '@inband/core';
import { expect, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { leakChecked } from '../support/leak-check.ts';

test('the node transport says that it cannot use addresses that are not this machine’s, and which one can', () => {
  expect(forgeAddrProblem(createNodeTransport())).toMatch(/^forgeAddr cannot work here: .*"node".*"epoll"/);
});

test('the memory transport can', () => {
  expect(forgeAddrProblem(createMemoryNetwork().transport())).toBeUndefined();
});

describeRequiring({ linux: true, root: true, networkNamespaces: true }, 'the epoll transport, as root', () => {
  test('may use addresses that are not this machine’s', () => {
    expect(createEpollTransport().transparentProblem?.()).toBeUndefined();
  });

  test.each(['127.0.0.1', '::1'])('dials from %s transparently, the port being chosen late', (address) =>
    leakChecked(async () => {
      const transport = createEpollTransport();
      const family = address.includes(':') ? 'inet6' : 'inet';
      const accepted = Promise.withResolvers<Connection>();
      const listener = await transport.listen({ family, address, port: 0 }, {}, accepted.resolve);
      const local: SockAddr = { family, address, port: 0 };
      const client = await connect(transport, listener.address, local);
      const server = await accepted.promise;
      expect(client.local).toMatchObject({ address });
      expect(server.remote).toEqual(client.local);
      await Promise.all([closed(client), closed(server), listener.close()]);
    }),
  );
});

function connect(transport: Transport, remote: SockAddr, local: SockAddr): Promise<Connection> {
  return new Promise((resolve, reject) => {
    transport.connect(remote, { local, transparent: true }, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('There is neither a connection nor an error.'));
      else resolve(connection);
    });
  });
}

function closed(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.handler = { data() {}, drained() {}, ended() {}, closed: () => resolve() };
    connection.resume();
    connection.destroy();
  });
}
