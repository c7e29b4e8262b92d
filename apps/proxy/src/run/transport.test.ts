import { createNodeTransport } from '@inband/core';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { transportFor } from './transport.ts';

const WITHOUT_EPOLL = 'epoll exists on Linux only, and this is a test.';

const services: ConfigInput['services'] = {
  guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent' } }] },
  web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.0.0.1:80' } }] },
};

async function choose(config: Pick<ConfigInput, 'listeners' | 'transport'>) {
  const source = { value: { ...config, services }, baseDirectory: '/' };
  return transportFor(await parseConfig(source), source, () => WITHOUT_EPOLL);
}

test('without epoll, auto is the transport of Node, and says why', async () => {
  const { transport, why } = await choose({ listeners: [{ bind: ':80', service: 'web' }] });
  expect(transport.name).toBe('node');
  expect(why).toBe(WITHOUT_EPOLL);
});

function pretend(name: 'versions' | 'permission', value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(process, name) ?? { value: undefined };
  Object.defineProperty(process, name, { ...before, value, configurable: true });
  onTestFinished(() => void Object.defineProperty(process, name, { ...before, configurable: true }));
}

test.each(['auto', 'node'] as const)(
  'a libuv that takes a reset for an end is refused, with the reason: %s',
  async (setting) => {
    pretend('versions', { ...process.versions, uv: '1.51.0', node: '24.4.0' });
    const chosen = choose({ listeners: [{ bind: ':80', service: 'web' }], transport: setting });
    await expect(chosen).rejects.toThrow(
      /^transport: .*needs libuv 1\.52 or later, and this is 1\.51\.0 \(Node\.js 24\.4\.0\): .* cut answer .*\. Update Node\.js\.$/,
    );
    expect(() => createNodeTransport()).toThrow(/needs libuv 1\.52/);
  },
);

test.each(['1.52.0', '1.52.1', '1.60.0', '2.0.0'])('libuv %s is used', async (uv) => {
  pretend('versions', { ...process.versions, uv });
  expect((await choose({ listeners: [{ bind: ':80', service: 'web' }] })).transport.name).toBe('node');
});

test.runIf(process.allowedNodeEnvironmentFlags.has('--allow-net'))(
  'a process that may not use the network is told how it may',
  async () => {
    pretend('permission', { has: () => false });
    await expect(choose({ listeners: [{ bind: ':80', service: 'web' }], transport: 'node' })).rejects.toThrow(
      'transport: The permission model of Node.js keeps this process from the network: start it with --allow-net.',
    );
  },
);

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
