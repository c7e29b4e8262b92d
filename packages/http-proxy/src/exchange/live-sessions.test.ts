import type { LiveSession } from '@inband/core';
import { expect, test } from 'vitest';
import type { Harness } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const setUp = useHarness();

function liveIn({ proxy }: Harness): LiveSession[] {
  return [...(proxy.sessions?.() ?? [])];
}

test('a request is shown from its head to the end of its answer, and not between requests', async () => {
  const h = await setUp();
  const client = h.client();
  expect(liveIn(h)).toEqual([]);
  client.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc');
  const server = await h.server();
  await server.receive('abc');
  const [live] = liveIn(h);
  expect(live).toMatchObject({ kind: 'request', state: 'sending', url: '/a', bytesIn: 3, bytesOut: 0 });
  expect(live?.session.method).toBe('POST');
  client.send('def');
  await server.receive('def');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
  await client.receive('ab');
  expect(liveIn(h)[0]).toMatchObject({ state: 'answering', bytesIn: 6, bytesOut: 2 });
  server.send('cde');
  await client.receive('cde');
  expect(liveIn(h)).toEqual([]);
});

test('an operator ends a request: its client gets an error, and the record says who ended it', async () => {
  const h = await setUp();
  const client = h.client();
  client.send('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
  const server = await h.server();
  await server.until(() => server.received !== '');
  for (const live of liveIn(h)) live.end();
  await client.answered();
  expect(client.received).toMatch(/^HTTP\/1\.1 502 .*error=connection_terminated/s);
  await server.closed();
  expect(h.records).toMatchObject([{ error: { message: 'The operator of the proxy ended it.', fault: 'proxy' } }]);
  expect(liveIn(h)).toEqual([]);
});

test('an answer that has begun is cut when an operator ends it', async () => {
  const h = await setUp();
  const client = h.client();
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const server = await h.server();
  await server.until(() => server.received !== '');
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
  await client.receive('ab');
  for (const live of liveIn(h)) live.end();
  await Promise.all([client.closed(), server.closed()]);
  expect(h.records).toMatchObject([{ status: 200, error: { message: 'The operator of the proxy ended it.' } }]);
});

test.each([
  ['tunnel', 'CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', ''],
  [
    'upgrade',
    'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
] as const)(
  'a session of the kind %s is shown with its bytes, and an operator ends it',
  async (kind, asked, answer) => {
    const h = await setUp({ mode: kind === 'tunnel' ? 'forward' : 'reverse', http: { connectPorts: 'any' } });
    const client = h.client();
    client.send(asked);
    const server = await h.server();
    if (answer !== '') await server.receive('\r\n\r\n');
    server.send(answer);
    await client.receive('\r\n\r\n');
    client.send('ping');
    await server.receive('ping');
    server.send('pong!');
    await client.receive('pong!');
    const live = liveIn(h);
    expect(live).toMatchObject([{ kind, state: 'tunnel', bytesIn: 4, bytesOut: 5 }]);
    live[0]?.end();
    await Promise.all([client.closed(), server.closed()]);
    expect(h.records).toMatchObject([{ kind: 'tunnel', error: { message: 'The operator of the proxy ended it.' } }]);
    expect(liveIn(h)).toEqual([]);
  },
);
