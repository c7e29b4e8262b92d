import type { Filter } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { passTime, passTimeUntil } from '../../../core/test-support/passing-time.ts';
import type { Harness, HarnessOptions, Peer } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const SIMULATED = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...SIMULATED] }));
afterEach(() => void vi.useRealTimers());
const make = useHarness();
let harness: Harness;

async function setUp(options: HarnessOptions = {}): Promise<Peer> {
  harness = await make(options);
  return harness.client();
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi';
const SOON = { http: { halfCloseTimeout: 30 } };

/** Waits until the proxy has given up everything about its client, and checks what it says about it. */
async function abandoned(client: Peer): Promise<void> {
  await passTimeUntil(client.closed());
  expect(client.received).toBe('');
  expect(harness.records).toMatchObject([{ aborted: true, error: undefined }]);
  expect(harness.records[0]!.session.aborted).toBe(true);
  await vi.waitFor(() => expect(harness.pool.open).toBe(0));
}

describe('a client that finished sending and gets no answer in time is taken to be gone', () => {
  const withheld: readonly (readonly [how: string, filter: Filter])[] = [
    ['has it whole', { responseBody: 'buffer', onResponse: () => undefined }],
    ['makes nothing of it', { onResponse: () => ({ body: nothing }) }],
  ];
  async function* nothing(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) if (chunk.length === 0) yield chunk;
  }

  test.each(withheld)('also when its server goes on and a filter %s', async (_how, filter) => {
    const client = await setUp({ filters: [filter], http: { halfCloseTimeout: 30, bodyTimeout: 30 } });
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    client.connection.end();
    server.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const going = setInterval(() => server.send('1\r\nx\r\n'), 5);
    await passTimeUntil(server.ended());
    clearInterval(going);
    server.connection.end();
    await passTimeUntil(client.closed());
    expect(harness.records).toHaveLength(1);
    expect(harness.records[0]!.session.aborted).toBe(true);
  });

  test('while the server thinks', async () => {
    const client = await setUp(SOON);
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    client.connection.end();
    await passTimeUntil(server.ended());
    server.connection.end();
    await abandoned(client);
  });

  test('also when the server says that it goes on thinking', async () => {
    const client = await setUp(SOON);
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    client.connection.end();
    const thinking = setInterval(() => server.send('HTTP/1.1 102 Processing\r\n\r\n'), 5);
    await passTimeUntil(server.ended());
    clearInterval(thinking);
    server.connection.end();
    await passTimeUntil(client.closed());
    expect(harness.records).toMatchObject([{ aborted: true }]);
  });

  test('while a server is looked for', async () => {
    const connectServer = (): Promise<never> => new Promise(() => {});
    const client = await setUp({ ...SOON, chainer: { kind: 'slow', connectServer } });
    client.send(GET);
    client.connection.end();
    await abandoned(client);
  });

  test('with a request behind it that waits for its turn', async () => {
    const client = await setUp(SOON);
    client.send(GET + GET);
    client.connection.end();
    const server = await harness.server();
    await passTimeUntil(server.ended());
    server.connection.end();
    await abandoned(client);
  });

  test('after a body', async () => {
    const client = await setUp(SOON);
    client.send(POST);
    client.connection.end();
    const server = await harness.server();
    await passTimeUntil(server.ended());
    server.connection.end();
    await abandoned(client);
  });
});

describe('a client that finished sending and still listens', () => {
  test('gets an answer that begins in time and then takes longer', async () => {
    const client = await setUp(SOON);
    client.send(GET);
    client.connection.end();
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
    await client.receive('o');
    await passTime(80);
    server.send('k');
    await client.receive('k');
    await passTimeUntil(client.closed());
    expect(harness.records).toMatchObject([{ status: 200, aborted: false, error: undefined }]);
  });

  test('gets its answer when its body came before the server was there', async () => {
    const connected = Promise.withResolvers<void>();
    harness = await make();
    const usual = harness;
    await usual.finish();
    harness = await make({
      route: (_query, route) => ({
        ...route,
        chainer: {
          kind: 'late',
          connectServer: (session, host, port) =>
            connected.promise.then(() => route.chainer.connectServer(session, host, port)),
        },
      }),
    });
    const client = harness.client();
    client.send(POST);
    client.connection.end();
    await passTime(10);
    connected.resolve();
    const server = await harness.server();
    await server.receive('hi');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.receive('ok');
    await passTimeUntil(client.closed());
  });
});

test('an answer that has begun and stalls is not kept for a client that finished sending', async () => {
  const client = await setUp({ http: { bodyTimeout: 30 } });
  client.send(GET);
  const server = await harness.server();
  await server.receive('\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no');
  await client.receive('o');
  client.connection.end();
  expect(await passTimeUntil(client.closed())).toMatchObject({ code: 'connection_terminated' });
  await passTimeUntil(server.closed());
});

for (const [what, request, answer] of [
  ['a tunnel', 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', undefined],
  [
    'an upgraded connection',
    'GET http://h/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ],
] as const) {
  test(`${what} of which one side has finished is bounded`, async () => {
    const client = await setUp({ mode: 'forward', http: { tunnelHalfCloseTimeout: 40, connectPorts: 'any' } });
    client.send(request);
    const server = await harness.server();
    if (answer !== undefined) {
      await server.receive('\r\n\r\n');
      server.send(answer);
    }
    await client.receive('\r\n\r\n');
    client.connection.end();
    await passTimeUntil(server.ended());
    const trickle = setInterval(() => server.send('x'), 5);
    await passTimeUntil(server.closed());
    clearInterval(trickle);
    await passTimeUntil(client.closed());
    expect(harness.records).toMatchObject([
      { kind: 'tunnel', error: { code: 'connection_read_timeout', setting: 'http.tunnelHalfCloseTimeout' } },
    ]);
  });
}

test('requests that had come before the end are all served', async () => {
  const client = await setUp();
  client.send(GET.repeat(50));
  client.connection.end();
  const server = await harness.server();
  for (let round = 0; round < 50; round += 1) {
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(await client.receive('ok')).toContain('200');
  }
  await passTimeUntil(client.closed());
  expect(harness.records).toHaveLength(50);
});
