import { definePlugin, type DiscoveredServer, ProxyError } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import { originAt, startInMemory } from '../../test-support/memory/memory-proxy.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

const PROXY = address('127.0.0.1', 8080);
const GET = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';

/** Discoveries that a test tells what to find, and how often each of them was asked. */
function toldDiscovery() {
  const made: { option: string; asked: number; stopped: boolean }[] = [];
  let found: readonly DiscoveredServer[] = [];
  let wake = (): void => undefined;
  const plugin = definePlugin<{ name: string }>({
    provides: 'discovery',
    kind: 'told',
    schema: z.strictObject({ name: z.string() }),
    create({ name }) {
      const state = { option: name, asked: 0, stopped: false };
      made.push(state);
      return {
        async *servers(signal) {
          state.asked += 1;
          signal.addEventListener('abort', () => {
            state.stopped = true;
            wake();
          });
          while (!signal.aborted) {
            yield found;
            await new Promise<void>((resolve) => (wake = resolve));
          }
        },
      };
    },
  });
  const tell = (...addresses: string[]): void => {
    found = addresses.map((each) => ({ address: each }));
    wake();
  };
  return { made, plugin, tell };
}

function config(plugin: object, servers: unknown[], more: object = {}): ConfigInput {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the plugin is one of the test's own
  return {
    plugins: [plugin],
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers } }], ...more } },
  } as unknown as ConfigInput;
}

test('a plugin finds the servers of a pool, and they change while it runs', async () => {
  const { plugin, tell, made } = toldDiscovery();
  tell('10.0.0.1:80');
  const { network, inband } = await startInMemory(config(plugin, [{ type: 'told', name: 'one' }]));
  await originAt(network, '10.0.0.1', 'one');
  await originAt(network, '10.0.0.2', 'two');
  expect(await exchange(network, '127.0.0.1', PROXY, GET)).toContain('one');
  tell('10.0.0.2:80');
  await vi.waitFor(async () => expect(await exchange(network, '127.0.0.1', PROXY, GET)).toContain('two'));
  await inband.close({ grace: 0 });
  expect(made).toEqual([{ option: 'one', asked: 1, stopped: true }]);
});

test('a discovery goes on through a reload that does not change its pool, and another one begins where it does', async () => {
  const { plugin, tell, made } = toldDiscovery();
  tell('10.0.0.1:80');
  const { inband } = await startInMemory(config(plugin, [{ type: 'told', name: 'one' }]));
  await inband.reload(config(plugin, [{ type: 'told', name: 'one' }], { access: [{ deny: { ports: 25 } }] }));
  expect(made).toHaveLength(1);
  await inband.reload(config(plugin, [{ type: 'told', name: 'other' }]));
  await vi.waitFor(() => expect(made.map(({ stopped }) => stopped)).toEqual([true, false]));
});

test('a configuration that is only looked at makes discoveries, and asks none', async () => {
  const { plugin, made } = toldDiscovery();
  await parseConfig({ value: config(plugin, [{ type: 'told', name: 'one' }]), baseDirectory: '/' });
  expect(made.every(({ asked }) => asked === 0)).toBe(true);
});

test('its options are checked in their place', async () => {
  const { plugin } = toldDiscovery();
  const servers = ['10.0.0.1:80', { type: 'told', nmae: 'one' }, { type: 'tolt' }, { adress: 'a:1' }, { srv: '' }];
  const refused = parseConfig({ value: config(plugin, servers), baseDirectory: '/' });
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
  const problems = await refused.catch((error: unknown) => (error instanceof ConfigError ? error.problems : []));
  expect(problems).toEqual([
    expect.stringContaining('servers[3].adress: unknown key "adress"; did you mean "address"?'),
    expect.stringContaining('servers[4].srv: '),
    expect.stringContaining('servers[1].nmae: unknown key "nmae"; did you mean "name"?'),
    expect.stringContaining('servers[2].type: unknown discovery "tolt"; did you mean "told"?'),
  ]);
});

test('a file of servers stands beside the configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-discovery-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'servers.yaml'), '- { address: "10.0.0.1:80", weight: 3 }\n');
  const { plugin } = toldDiscovery();
  const { network } = await startInMemory(config(plugin, [{ file: 'servers.yaml' }]), folder);
  await originAt(network, '10.0.0.1', 'one');
  expect(await exchange(network, '127.0.0.1', PROXY, GET)).toContain('one');
});

test('while nothing is found the answer says which setting finds nothing', async () => {
  const plugin = definePlugin<object>({
    provides: 'discovery',
    kind: 'told',
    schema: z.looseObject({}),
    create: () => ({
      // oxlint-disable-next-line require-yield -- it finds nothing
      async *servers() {
        throw new ProxyError('destination_unavailable', 'There is no agent.');
      },
    }),
  });
  const { network } = await startInMemory(config(plugin, [{ type: 'told' }]));
  const answer = await exchange(network, '127.0.0.1', PROXY, GET);
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
});
