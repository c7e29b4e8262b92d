import { type AccessRule, AddressZones, parseIp, ProxyError, ruleOf, verdictOf } from '@inband/core';
import { afterEach, expect, test, vi } from 'vitest';
import { createHarness, type Harness, type HarnessOptions, serverAddress } from '../../test-support/harness.ts';

let harness: Harness | undefined;

afterEach(async () => {
  await harness?.finish();
  harness = undefined;
});

async function setUp(options?: HarnessOptions): Promise<Harness> {
  return (harness = await createHarness(options));
}

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** The verdicts and rules of all sessions so far. */
const verdicts = (h: Harness) => h.records.map((record) => [verdictOf(record), ruleOf(record)]);

const OPERATOR = 'default: servers that the operator chose';

test('requests that are answered are accepted, each by the rule that let it through', async () => {
  const rules: AccessRule[] = [{ action: 'allow', methods: ['GET'] }];
  const h = await setUp({ rules });
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  server.send(OK);
  await client.receive('ok');
  // On the same connections: nothing of it is looked up again but the decision.
  client.send(GET + GET.replace('GET', 'HEAD'));
  server.send(OK);
  await client.receive('ok');
  server.send('HTTP/1.1 204 No Content\r\n\r\n');
  await client.receive('204');
  const rule = 'services.test.access[0]';
  expect(verdicts(h)).toEqual([
    ['accepted', rule],
    ['accepted', rule],
    ['accepted', OPERATOR],
  ]);
  expect(h.records.map(({ session }) => session.connected)).toEqual([true, true, true]);
});

test('a tunnel that both sides end is accepted', async () => {
  const h = await setUp({ mode: 'forward', http: { connectPorts: 'any' } });
  const client = h.client();
  client.send('CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n');
  await client.receive('\r\n\r\n');
  const server = await h.server();
  client.connection.end();
  await server.ended();
  server.connection.end();
  await client.closed();
  expect(verdicts(h)).toEqual([['accepted', OPERATOR]]);
});

test.each<[string, HarnessOptions, string, string | undefined]>([
  ['a rule', { rules: [{ action: 'deny', hosts: ['h'] }] }, GET, 'services.test.access[0]'],
  ['a rule about servers', { rules: [{ action: 'deny', servers: ['loopback'] }] }, GET, 'services.test.access[0]'],
  [
    'the ports of CONNECT',
    { mode: 'forward', http: { connectPorts: [443] } },
    'CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n',
    'services.test.http.connectPorts',
  ],
  ['the lack of a route', { route: () => undefined }, GET, 'services.test.routes'],
  [
    'the lack of a route for a proxy',
    { mode: 'forward', route: () => undefined },
    GET.replace('/', 'http://h/'),
    'services.test.routes',
  ],
  ['our parser', {}, 'GET /\r\n', undefined],
  [
    'a limit',
    { http: { maxBody: 1 } },
    'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n',
    'services.test.http.maxBody',
  ],
])('what %s refuses is denied by policy, and nothing was dialled', async (_what, options, request, rule) => {
  const h = await setUp(options);
  const client = h.client();
  client.send(request);
  await client.answered();
  expect(verdicts(h)).toEqual([['denied-by-policy', rule]]);
  expect(h.dialled).toBe(0);
});

test('a server that cannot be reached is a failed connection', async () => {
  const connectServer = () => Promise.reject(new ProxyError('connection_refused', 'No.'));
  const h = await setUp({ chainer: { kind: 'none', connectServer } });
  const client = h.client();
  client.send(GET);
  await client.answered();
  expect(verdicts(h)).toEqual([['connection-failed', undefined]]);
});

test('a server that goes away after it was reached has aborted the session', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET.replace('GET', 'POST'));
  const server = await h.server();
  await server.until(() => server.received !== '');
  server.connection.end();
  await client.answered();
  expect(h.records).toMatchObject([{ error: { code: 'connection_terminated' } }]);
  expect(verdicts(h)).toEqual([['aborted', OPERATOR]]);
});

test('when the second try finds no server, the connection has failed', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  server.send(OK);
  await client.receive('ok');
  h.network.unreachable(serverAddress);
  client.send(GET);
  await server.until(() => server.received.split('GET').length === 3);
  server.connection.end();
  await client.answered();
  expect(verdicts(h)).toEqual([
    ['accepted', OPERATOR],
    ['connection-failed', OPERATOR],
  ]);
});

test('a client that goes away has aborted the session', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  await server.until(() => server.received !== '');
  client.connection.destroy(new Error('reset'));
  await vi.waitFor(() => expect(h.proxy.open).toBe(0));
  expect(verdicts(h)).toEqual([['aborted', OPERATOR]]);
});

test('a client that takes too long with its head has aborted', async () => {
  const h = await setUp({ http: { headerTimeout: 10 } });
  const client = h.client();
  client.send('GET / HTTP/1.1\r\n');
  await client.ended();
  expect(h.records).toMatchObject([{ status: 408 }]);
  expect(verdicts(h)).toEqual([['aborted', undefined]]);
});

test('a client that gets into another zone between two requests of its connection is evaluated anew', async () => {
  const zones = new AddressZones({ banned: { addresses: [], hosts: ['banned.example'] } });
  const h = await setUp({ zones, rules: [{ action: 'deny', clients: ['banned'] }] });
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  server.send(OK);
  await client.receive('ok');
  zones.replaceHosts(new Map([['banned.example', [parseIp('127.0.0.1')!]]]));
  client.send(GET);
  await client.answered();
  expect(client.received).toMatch(/^HTTP\/1\.1 403 /);
  expect(verdicts(h)).toEqual([
    ['accepted', OPERATOR],
    ['denied-by-policy', 'services.test.access[0]'],
  ]);
});

test('a client that gets into another zone takes the route of that zone, and is asked about only then', async () => {
  const zones = new AddressZones({ moved: { addresses: [], hosts: ['moved.example'] } });
  let asked = 0;
  const h = await setUp({
    zones,
    route: ({ client }, usual) => {
      asked += 1;
      return zones.contains('moved', client.address) ? { ...usual, name: 'moved' } : usual;
    },
  });
  const client = h.client();
  let server: Awaited<ReturnType<Harness['server']>> | undefined;
  for (const moves of [false, false, true, false]) {
    if (moves) zones.replaceHosts(new Map([['moved.example', [parseIp('127.0.0.1')!]]]));
    client.send(GET);
    server ??= await h.server();
    server.send(OK);
    await client.receive('ok');
  }
  const usual = 'services.test.routes[0]';
  expect(h.records.map(({ session }) => session.route?.name)).toEqual([usual, usual, 'moved', 'moved']);
  expect(asked).toBe(2);
});
