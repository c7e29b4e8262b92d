import { expect, test, vi } from 'vitest';
import { parseConfig } from './config/parse-config.ts';
import type { ConfigInput } from './config/schema.ts';
import { transportFor } from './transport.ts';

vi.mock(import('@inband/core'), async (original) => {
  return { ...(await original()), epollUnavailable: () => 'epoll exists on Linux only, and this is a test.' };
});

const services: ConfigInput['services'] = {
  guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent' } }] },
  web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.0.0.1:80' } }] },
};

async function choose(config: Pick<ConfigInput, 'listeners' | 'transport'>) {
  const source = { value: { ...config, services }, baseDirectory: '/' };
  return transportFor(await parseConfig(source), source);
}

test('without epoll, auto is the transport of Node, and says why', async () => {
  const { transport, why } = await choose({ listeners: [{ bind: ':80', service: 'web' }] });
  expect(transport.name).toBe('node');
  expect(why).toBe('epoll exists on Linux only, and this is a test.');
});

test('without epoll, a transparent listener does not fall back, and the error is at it', async () => {
  const listeners: ConfigInput['listeners'] = [
    { bind: ':80', service: 'web' },
    { bind: ':3129', service: 'guard', transparent: 'tproxy' },
  ];
  await expect(choose({ listeners })).rejects.toThrow(
    'listeners[1].transparent: intercepted connections need the transport "epoll", which does not work here: epoll exists on Linux only, and this is a test.',
  );
});

test('without epoll, asking for it by name is an error at the name', async () => {
  const listeners: ConfigInput['listeners'] = [{ bind: ':3129', service: 'guard', transparent: 'redirect' }];
  await expect(choose({ listeners, transport: 'epoll' })).rejects.toThrow(/^transport: epoll exists on Linux only/);
});
