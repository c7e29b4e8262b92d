import { createServer } from 'node:net';
import { once } from 'node:events';
import { createNodeTransport, formatSockAddr } from '@inband/core';
import { expect, onTestFinished, test } from 'vitest';
import { createInband } from '../../single/inband.ts';
import type { ConfigInput } from '../../config/input/config-input.ts';

function listeningOn(...binds: string[]): ConfigInput {
  const listeners = binds.map((bind) => ({ bind, service: 'web' }));
  return { listeners, services: { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } } };
}

const transport = createNodeTransport();

test('an address that this process has itself is not said to be that of another one, which nobody would find', async () => {
  const first = await createInband(listeningOn('127.0.0.1:0'), { transport });
  onTestFinished(() => first.close({ grace: 0 }));
  const [own = ''] = first.listeners.map((listener) => formatSockAddr(listener.address));
  const port = own.split(':').at(-1);
  const itself = `this program itself listens on ${own}; choose another address, or close that one first (EADDRINUSE).`;
  const wildcard = `0.0.0.0:${port}`;
  await expect(createInband(listeningOn(own), { transport })).rejects.toThrow(
    `listeners[0].bind: Cannot listen on ${own}: ${itself}`,
  );
  await expect(createInband(listeningOn('127.0.0.1:0', wildcard), { transport })).rejects.toThrow(
    `listeners[1].bind: Cannot listen on ${wildcard}: ${itself}`,
  );
  await expect(first.reload(listeningOn(wildcard))).rejects.toThrow(`Cannot listen on ${wildcard}: ${itself}`);
});

test('one that somebody else has is said to be that', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const found = server.address();
  const bind = `127.0.0.1:${typeof found === 'object' ? found?.port : 0}`;
  await expect(createInband(listeningOn(bind), { transport })).rejects.toThrow('another process listens there');
});
