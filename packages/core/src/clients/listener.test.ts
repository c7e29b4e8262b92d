import { expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { openListener } from './listener.ts';
import type { ListenOptions, Transport } from '../base/connection.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { createMemoryNetwork } from '../transport/memory/memory.ts';

test('accepted clients reach the proxy with their address, where they reached us, and the listener', async () => {
  const network = createMemoryNetwork();
  const clients: ClientConnection[] = [];
  const accepted = Promise.withResolvers<void>();
  const proxy: ProtocolProxy = {
    open: 0,
    accept: (client) => {
      if (clients.push(client) === 2) accepted.resolve();
    },
    drain: () => Promise.resolve(),
    close() {},
  };
  const listener = await openListener({ transport: network.transport(), bind: inetAddr('0.0.0.0', 0)!, proxy });
  expect(listener.address).toMatchObject({ address: '0.0.0.0', port: expect.any(Number) });
  const port = 'port' in listener.address ? listener.address.port : 0;
  expect(port).toBeGreaterThan(0);
  const from = network.transport({ address: '127.0.0.5' });
  for (let index = 0; index < 2; index++) from.connect(inetAddr('127.0.0.1', port)!, {}, () => {});
  await accepted.promise;
  expect(clients[0]).toMatchObject({
    address: { address: '127.0.0.5' },
    local: { address: '127.0.0.1', port },
    listener: listener.address,
  });
  expect(clients[1]!.id).not.toBe(clients[0]!.id);
  await listener.close();
  const error = await new Promise<Error | undefined>((resolve) =>
    from.connect(inetAddr('127.0.0.1', port)!, {}, resolve),
  );
  expect(error).toMatchObject({ code: 'connection_refused' });
});

test('a transparent listener asks the transport for it, and hands on where a client was going', async () => {
  const network = createMemoryNetwork();
  const { server: connection } = network.connectPair();
  const destination = inetAddr('192.0.2.1', 80)!;
  const asked: ListenOptions[] = [];
  const transport: Transport = {
    ...network.transport(),
    async listen(bind, options, accept) {
      asked.push(options);
      setImmediate(() => accept(connection, destination));
      return { address: bind, close: () => Promise.resolve() };
    },
  };
  const accepted = Promise.withResolvers<ClientConnection>();
  const proxy: ProtocolProxy = { open: 0, accept: accepted.resolve, drain: () => Promise.resolve(), close() {} };
  const onDirect = (): void => undefined;
  await openListener({ transport, bind: inetAddr('0.0.0.0', 3129)!, proxy, transparent: 'tproxy', onDirect });
  expect(await accepted.promise).toMatchObject({ address: connection.remote, originalDestination: destination });
  expect(asked).toEqual([{ reusePort: false, transparent: 'tproxy', onDirect }]);
});
