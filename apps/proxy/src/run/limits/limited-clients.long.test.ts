import { createMemoryNetwork } from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { address, connect, exchange } from '../../../test-support/memory/memory-http.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { ConfigError } from '../../config/problem/problem.ts';
import type { ConfigInput } from '../../config/input/config-input.ts';
import { createInband } from '../../single/inband.ts';

type Limits = NonNullable<ConfigInput['services'][string]['limits']>;

const GET = 'GET / HTTP/1.1\r\nHost: web.example\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n';

function config(limits: Limits | undefined): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode: 'reverse', limits, routes: [{ respond: { status: 200, body: 'yes' } }] } },
  };
}

async function running(limits: Limits | undefined) {
  const network = createMemoryNetwork();
  const lines: object[] = [];
  const logger = { debug() {}, info() {}, warn: (fields: object) => void lines.push(fields), error() {} };
  const inband = await createInband(config(limits), { transport: network.transport(), logger });
  onTestFinished(() => inband.close({ grace: 0 }));
  const send = async (requests: string, from: string): Promise<number[]> => {
    const answers = await exchange(network, from, address('127.0.0.1', 8080), requests);
    return Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status));
  };
  /** The statuses of so many requests on one connection. */
  const ask = (count: number, from = '127.0.0.1') => send(GET.repeat(count - 1) + LAST, from);
  const askFor = (client: string, from: string) =>
    send(LAST.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${client}\r\n\r\n`), from);
  return { inband, network, ask, askFor, lines };
}

const all = (status: number, count: number): number[] => Array.from({ length: count }, () => status);

test.each<[string, Limits | undefined]>([
  ['without limits', undefined],
  ['with a hundred requests a second for a client', { perClient: { requests: '100/s' } }],
])('a page of a thousand parts over six connections is served %s', async (_name, limits) => {
  const { ask } = await running(limits);
  const answers = await Promise.all([167, 167, 167, 167, 166, 166].map((count) => ask(count)));
  expect(answers.flat()).toEqual(all(200, 1_000));
});

test.each<[string, Limits | undefined]>([
  ['without limits', undefined],
  ['with the limits of an example', { perClient: { requests: '100/s', connections: 1_000, newConnections: '100/s' } }],
])('a thousand requests that a client asks at once, on a connection each, are served %s', async (_name, limits) => {
  const { ask } = await running(limits);
  const count = 1_000;
  const answers = await Promise.all(Array.from({ length: count }, () => ask(1)));
  expect(answers.flat()).toEqual(all(200, count));
});

test('a client is held to its limit over connections, and others are not', async () => {
  const { ask } = await running({ perClient: { requests: { rate: '1/h', burst: 5 } } });
  expect([await ask(3), await ask(3)]).toEqual([all(200, 3), [200, 200, 429]]);
  expect(await ask(1, '127.0.0.2')).toEqual([200]);
});

test('a trusted proxy that names clients by a field is none itself', async () => {
  const { inband, ask, askFor } = await running(undefined);
  const limits: Limits = { perClient: { connections: 1, requests: { rate: '1/h', burst: 2 } }, connections: 3 };
  const value = config(limits);
  const web = { ...value.services.web!, trustedProxies: ['127.0.0.9'] };
  await inband.reload({ ...value, services: { web } });
  const answers = await Promise.all(['10.0.0.1', '10.0.0.2', '10.0.0.1'].map((client) => askFor(client, '127.0.0.9')));
  expect(answers).toEqual([[200], [200], [200]]);
  expect(await askFor('10.0.0.1', '127.0.0.9')).toEqual([429]);
  // Whoever is not trusted says what it likes.
  expect(await ask(2, '127.0.0.8')).toEqual([200, 200]);
  expect(await askFor('10.0.0.3', '127.0.0.8')).toEqual([429]);
});

test('a reload keeps what was counted, and gives a service its new limits', async () => {
  const { inband, ask } = await running({ perClient: { requests: { rate: '1/h', burst: 5 } } });
  expect(await ask(5)).toEqual(all(200, 5));
  await inband.reload(config({ perClient: { requests: { rate: '2/h', burst: 7 } } }));
  expect(await ask(3)).toEqual([200, 200, 429]);
  await inband.reload(config(undefined));
  expect(await ask(3)).toEqual(all(200, 3));
});

test('a connection that outlives the limits under which it came takes no place of later ones', async () => {
  const one: Limits = { perClient: { connections: 1 } };
  const { inband, network, ask } = await running(one);
  const connection = await connect(network, '127.0.0.1', address('127.0.0.1', 8080));
  const closed = new Promise<void>((resolve) => {
    connection.handler = { data() {}, drained() {}, ended() {}, closed: () => resolve() };
    connection.resume();
  });
  await vi.waitFor(async () => expect(await ask(1)).toEqual([503]));
  await inband.reload(config({ perClient: { connections: 2 } }));
  expect(await ask(1)).toEqual([200]);
  await inband.reload(config(one));
  expect(await ask(1)).toEqual([503]);
  await inband.reload(config(undefined));
  expect(await ask(1)).toEqual([200]);
  await inband.reload(config(one));
  expect(await ask(1)).toEqual([200]);
  connection.destroy();
  await closed;
  expect(await ask(1)).toEqual([200]);
});

test('the log names the limit that refuses connections, once in a while', async () => {
  const { ask, lines } = await running({ perClient: { newConnections: { rate: '1/h', burst: 1 } } });
  expect(await ask(1)).toEqual([200]);
  for (let count = 0; count < 3; count += 1) expect(await ask(1)).toEqual([]);
  const setting = 'services.web.limits.perClient.newConnections';
  expect(lines.filter((line) => 'setting' in line && line.setting === setting)).toHaveLength(1);
});

test.each<[unknown, string]>([
  [{ requests: '100' }, 'services.web.limits.requests: expected a rate from 1/h to 1000000/s'],
  [{ requests: { burst: 5 } }, 'services.web.limits.requests.rate: '],
  [{ perClient: { request: '1/s' } }, 'unknown key "request"'],
  [{ perUser: { requests: '1/s' } }, 'services.web.limits.perUser: without "auth" nobody is a user'],
  [{ requests: '5/s', pause: { longest: '31s' } }, 'services.web.limits.pause.longest: expected at most 30s'],
  [{ pause: { longest: '1s' } }, 'services.web.limits.pause: without a rate of "requests"'],
  [{ ipv6Prefix: 129 }, 'services.web.limits.ipv6Prefix: '],
])('%j is refused at its place', async (limits, expected) => {
  const value = {
    ...config(undefined),
    services: { web: { mode: 'reverse', limits, routes: [{ respond: { status: 200 } }] } },
  };
  const error: unknown = await parseConfig({ value, baseDirectory: '/' }).catch((caught: unknown) => caught);
  expect(error instanceof ConfigError && error.problems.join('\n')).toContain(expected);
});

test('a TLS guard limits connections and bytes only, because it reads no requests', async () => {
  const limits = { connections: 5, quota: '1GiB/day', perClient: { newConnections: '5/s', tunnels: 5 } };
  const guard = { proxy: 'tls', limits, routes: [{ chainer: { type: 'inband' } }] };
  const value = { listeners: [{ bind: '127.0.0.1:8080', service: 'web' }], services: { web: guard } };
  const error: unknown = await parseConfig({ value, baseDirectory: '/' }).catch((caught: unknown) => caught);
  expect(error instanceof ConfigError && error.problems.join('\n')).toMatch(
    /^[^\n]*services\.web\.limits\.perClient\.tunnels: a TLS guard reads[^\n]*$/,
  );
});
