import { describe, expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { createEpollTransport } from './epoll/epoll.ts';
import { createMemoryNetwork } from './memory/memory.ts';
import { createNodeTransport } from './node/node.ts';

describe.each([
  ['node', () => createNodeTransport()],
  ['memory', () => createMemoryNetwork().transport()],
])('the transport %s', (name, create) => {
  test.each(['redirect', 'tproxy'] as const)('refuses a listener with "transparent: %s"', async (transparent) => {
    const listening = create().listen(inetAddr('127.0.0.1', 0)!, { transparent }, (connection) => connection.destroy());
    await expect(listening).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      message: `The transport "${name}" cannot accept intercepted connections ("transparent: ${transparent}"); on Linux the transport "epoll" can.`,
    });
  });
});

test.runIf(process.platform === 'linux')('the transport epoll refuses to intercept on a unix socket', async () => {
  const listening = createEpollTransport().listen(
    { family: 'unix', path: '/nonexistent/inband.sock' },
    { transparent: 'redirect' },
    (connection) => connection.destroy(),
  );
  await expect(listening).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    message: 'A unix socket cannot accept intercepted connections.',
  });
});
