import {
  createMemoryNetwork,
  definePlugin,
  type ResolvedAddress,
  type SessionRecord,
  type SessionSummary,
  summarise,
} from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

declare module '../index.ts' {
  interface ResolverKinds {
    played: object;
  }
}

/** A resolver that answers when, and what, the test says. */
function playedResolver() {
  const asked = Promise.withResolvers<string>();
  const answer = Promise.withResolvers<readonly ResolvedAddress[]>();
  const plugin = definePlugin<object>({
    provides: 'resolver',
    kind: 'played',
    schema: z.strictObject({}),
    create: () => ({
      resolve: async (host) => {
        asked.resolve(host);
        return { addresses: await answer.promise, ttl: 60 };
      },
    }),
  });
  return { plugin, asked: asked.promise, answer: answer.resolve };
}

const config: ConfigInput = {
  resolver: { type: 'played' },
  zones: { partners: { hosts: ['partner.example'], parent: 'private' } },
  listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
  services: {
    browser: {
      mode: 'forward',
      access: [{ deny: { clients: ['partners'] } }],
      routes: [{ chainer: { type: 'inband' } }],
    },
  },
};

const get = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

test('names of zones are known before the first client is let in, and rules and summaries go by them', async () => {
  const network = createMemoryNetwork();
  const { plugin, asked, answer } = playedResolver();
  const summaries: SessionSummary[] = [];
  const onSession = (record: SessionRecord) => void summaries.push(summarise(record));
  const starting = createInband({ ...config, plugins: [plugin] }, { transport: network.transport(), onSession });
  expect(await asked).toBe('partner.example');
  expect(network.open).toBe(0);
  answer([
    { family: 'inet', address: '10.0.0.7' },
    { family: 'inet6', address: 'fd00::7' },
  ]);
  const inband = await starting;
  const origin = await startOrigin(network, address('10.0.0.1', 80), 'origin');
  const proxy = address('127.0.0.1', 3128);
  expect(await exchange(network, '10.0.0.7', proxy, get('10.0.0.1'))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await exchange(network, 'fd00::7', proxy, get('10.0.0.1'))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await exchange(network, '10.0.0.8', proxy, get('10.0.0.1'))).toMatch(/^HTTP\/1\.1 200 /);
  await inband.close();
  await origin.close();
  const rule = 'services.browser.access[0]';
  expect(summaries).toMatchObject([
    { who: { zone: 'partners' }, what: { rule }, verdict: 'denied-by-policy' },
    { who: { zone: 'partners' }, what: { rule }, verdict: 'denied-by-policy' },
    { who: { zone: 'private' }, what: { rule: 'default: allowed' }, verdict: 'accepted', bytes: { in: 0, out: 6 } },
  ]);
  expect(network.open).toBe(0);
});

test('a proxy that cannot start leaves no look-up behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const network = createMemoryNetwork();
  const { plugin, answer } = playedResolver();
  const taken = await network.transport().listen(address('127.0.0.1', 3128), {}, () => {});
  answer([{ family: 'inet', address: '10.0.0.7' }]);
  const starting = createInband({ ...config, plugins: [plugin] }, { transport: network.transport() });
  await expect(starting).rejects.toThrow(/^listeners\[0\]\.bind: /);
  expect(vi.getTimerCount()).toBe(0);
  await taken.close();
});
