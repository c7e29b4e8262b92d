import { FIRST_MOMENT, ProxyError, type Chainer, type Service } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { passTime, passTimeUntil } from '../../core/test-support/passing-time.ts';
import { useHarness } from '../test-support/use-harness.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
const setUp = useHarness();
afterEach(() => void vi.useRealTimers());

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('draining closes idle clients now and busy ones after their answer, and says when all are gone', async () => {
  const h = await setUp();
  const [idle, busy, reading] = [h.client(), h.client(), h.client()];
  busy.send(GET);
  const server = await h.server();
  reading.send('GET / HT');
  await server.until(() => server.received !== '');
  let done = false;
  const drained = h.proxy.drain().then(() => (done = true));
  await passTimeUntil(idle.ended());
  idle.connection.end();
  expect(done).toBe(false);
  server.send(OK);
  await busy.ended();
  expect(busy.received).toContain('Connection: close\r\n');
  busy.connection.end();
  reading.send('TP/1.1\r\nHost: h\r\n\r\n');
  const again = await Promise.race([
    h.server(),
    server.until(() => server.received.split('GET').length === 3).then(() => server),
  ]);
  again.send(OK);
  await reading.ended();
  expect(reading.received).toContain('Connection: close\r\n');
  reading.connection.end();
  await drained;
  expect(h.proxy.open).toBe(0);
});

test('draining with a moment of patience serves one more request of an idle client, and closes one that stays idle', async () => {
  const h = await setUp();
  const [active, silent] = [h.client(), h.client()];
  for (const client of [active, silent]) {
    client.send(GET);
    const server = await h.server();
    await server.until(() => server.received !== '');
    server.send(OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await client.until(() => client.received.endsWith('ok'));
  }
  const drained = h.proxy.drain(undefined, 'moment');
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
  active.send(GET);
  const server = await h.server();
  server.send(OK);
  await active.ended();
  expect(active.received.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(active.received).toMatch(/Connection: close\r\n/);
  await passTimeUntil(silent.ended());
  expect(silent.received.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  for (const client of [active, silent]) client.connection.end();
  await drained;
});

test('draining with the patience of the idle timeout leaves idle clients open, until it is asked again without', async () => {
  const h = await setUp();
  const [active, silent, fresh] = [h.client(), h.client(), h.client()];
  for (const client of [active, silent]) {
    client.send(GET);
    const server = await h.server();
    await server.until(() => server.received !== '');
    server.send(OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await client.until(() => client.received.endsWith('ok'));
  }
  const drained = h.proxy.drain(undefined, 'idle-timeout');
  const late = h.client();
  // Longer than the second that they would have otherwise.
  await passTime(FIRST_MOMENT + 200);
  expect(h.proxy.open).toBe(4);
  for (const client of [active, fresh, late]) {
    client.send(GET);
    const server = await h.server();
    server.send(OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await client.ended();
    expect(client.received).toMatch(/Connection: close\r\n/);
    client.connection.end();
  }
  const all = h.proxy.drain();
  await silent.ended();
  silent.connection.end();
  await Promise.all([drained, all]);
});

test.each(['moment', 'idle-timeout'] as const)(
  'a client whose answer began before the proxy drained is not told, so that its next request is served: %s',
  async (patience) => {
    const h = await setUp();
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi');
    await client.until(() => client.received.endsWith('fi'));
    const drained = h.proxy.drain(undefined, patience);
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
    server.send('rs');
    await client.until(() => client.received.endsWith('firs'));
    expect(client.received).not.toMatch(/Connection: close/);
    client.send(GET);
    await server.until(() => server.received.split('GET').length === 3);
    server.send(OK);
    await client.ended();
    expect(client.received).toMatch(/Connection: close\r\n/);
    client.connection.end();
    await drained;
  },
);

test('while it drains the proxy says in its own answers, too, that it closes', async () => {
  const h = await setUp();
  const client = h.client();
  const drained = h.proxy.drain();
  client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n');
  await client.ended();
  expect(client.received).toMatch(/^HTTP\/1\.1 20\d [^]*\r\nConnection: close\r\n/);
  client.connection.end();
  await drained;
});

test('draining again waits for the same', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET);
  const server = await h.server();
  const both = Promise.all([h.proxy.drain(), h.proxy.drain()]);
  server.send(OK);
  await client.ended();
  client.connection.end();
  await both;
  await h.proxy.drain();
});

test('draining an empty proxy is done at once', async () => {
  const h = await setUp();
  await h.proxy.drain();
});

test('a pipelined request is not served once the proxy drains', async () => {
  const h = await setUp();
  const client = h.client();
  client.send(GET + GET);
  const server = await h.server();
  await server.until(() => server.received !== '');
  const drained = h.proxy.drain();
  server.send(OK);
  await client.ended();
  expect(client.received.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  client.connection.end();
  await drained;
  expect(h.records).toHaveLength(1);
});

test('closing ends everything at once', async () => {
  const h = await setUp();
  const [idle, busy] = [h.client(), h.client()];
  busy.send(GET);
  const server = await h.server();
  await server.until(() => server.received !== '');
  h.proxy.close();
  expect(h.proxy.open).toBe(0);
  await Promise.all([idle.ended(), busy.ended(), server.ended()]);
  // It was not the client that went away.
  const stopped = { code: 'connection_terminated', message: 'The proxy was stopped before the end.', fault: 'proxy' };
  expect(h.records).toMatchObject([{ aborted: false, error: stopped }]);
});

test('a client that only sends empty lines between requests is still idle', async () => {
  const h = await setUp({ http: { headerTimeout: 10, idleTimeout: 60 } });
  const client = h.client();
  client.send(`${GET}\r\n`);
  const server = await h.server();
  server.send(OK);
  await client.receive('ok');
  await passTimeUntil(client.ended());
  expect(client.received).toBe('');
  expect(h.records).toHaveLength(1);
});

test('a half-close after an empty line is an orderly end', async () => {
  const h = await setUp();
  const client = h.client();
  client.send('\r\n');
  client.connection.end();
  await client.ended();
  expect(client.received).toBe('');
  expect(h.records).toEqual([]);
});

test('every refusal of a head closes the connection, and the log hears what was understood of it', async () => {
  const cases: readonly (readonly [
    status: number,
    head: string,
    method: string | undefined,
    url: string | undefined,
  ])[] = [
    [400, 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n', 'GET', '/'],
    [400, 'get / HTTP/1.1\r\n', undefined, undefined],
    [405, 'TRACE / HTTP/1.1\r\nHost: h\r\n\r\n', 'TRACE', '/'],
    [405, 'CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n', 'CONNECT', 'h:443'],
    [414, `GET /${'a'.repeat(8192)}`, undefined, undefined],
    [417, 'GET /x HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n', 'GET', '/x'],
    [431, `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(201)}`, 'GET', '/'],
    [431, `GET / HTTP/1.1\r\nA: ${'b'.repeat(65_536)}`, 'GET', '/'],
    [501, 'GET https://h/ HTTP/1.1\r\n', 'GET', undefined],
    [505, 'GET / HTTP/2.0\r\n', undefined, undefined],
    [508, 'GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 inband\r\n\r\n', 'GET', '/'],
  ];
  for (const [status, head, method, url] of cases) {
    const h = await setUp();
    const client = h.client();
    client.send(`${head}${GET}`);
    await client.ended();
    expect(client.received, head.slice(0, 40)).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\nConnection: close\r\n`),
    );
    expect(client.received.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(h.records).toMatchObject([{ status, kind: 'request', error: { status }, aborted: false }]);
    if (method !== undefined) expect(h.records[0]!.session.method).toBe(method);
    if (url !== undefined) expect(h.records[0]!.url).toBe(url);
  }
});

test('OPTIONS for the proxy itself is answered by it, and the connection goes on', async () => {
  for (const [mode, head] of [
    ['forward', 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['reverse', 'OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n'],
  ] as const) {
    const h = await setUp({ mode });
    const client = h.client();
    client.send(head);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Allow: [A-Z, ]+\r\n/);
    client.send(head.replace('Host: h\r\n', 'Host: h\r\nConnection: close\r\n'));
    expect(await client.receive('\r\n\r\n')).toContain('Connection: close');
    await client.ended();
    expect(h.dialled).toBe(0);
    expect(h.records).toMatchObject([{ status: 200, session: { method: 'OPTIONS' } }, { status: 200 }]);
  }
});

test('routes see the normalised path, only where one of them looks at it; the server sees what was written', async () => {
  const seen: (string | undefined)[] = [];
  const chainer: Chainer = {
    kind: 'none',
    connectServer: () => Promise.reject(new ProxyError('destination_unavailable', 'None.')),
  };
  const route: Service['route'] = ({ path }) => {
    seen.push(path);
    return { name: 'r', chainer };
  };
  for (const routesByPath of [true, false]) {
    for (const target of ['/a/%2e%2E/b?q=/../', 'http://h', 'http://h?q', '/%41']) {
      const h = await setUp({ route, routesByPath });
      const client = h.client();
      client.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
      await client.answered();
      expect(client.received).toMatch(/^HTTP\/1\.1 503 /);
      expect(h.records[0]!.url).toBe(target);
    }
  }
  expect(seen).toEqual(['/b', '/', '/', '/A', undefined, undefined, undefined, undefined]);
});

test.each([
  ['said close', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', true],
  ['speaks HTTP/1.0', 'GET / HTTP/1.0\r\nHost: h\r\n\r\n', true],
  ['speaks HTTP/1.0 and hopes for more', 'GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n', false],
  ['says so as of old', 'GET / HTTP/1.0\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n', false],
  ['said close and sent a body', 'PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', false],
])('of a client that %s it is known whether it may send anything more', async (_what, request, isLast) => {
  const h = await setUp();
  const ends: unknown[] = [];
  const client = h.client();
  const end = client.inner.end.bind(client.inner);
  client.inner.end = (last) => {
    ends.push(last);
    end(last);
  };
  client.send(request);
  const server = await h.server();
  await server.until(() => server.received.includes('\r\n\r\n'));
  server.send(OK);
  await client.ended();
  client.connection.end();
  expect(client.received.endsWith('ok')).toBe(true);
  expect(ends).toEqual([isLast]);
});
