import { describe, expect, test } from 'vitest';
import { inetAddr } from '../address.ts';
import { createMemoryNetwork } from './memory.ts';
import { createNodeTransport } from './node.ts';

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
