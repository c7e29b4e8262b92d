import { inetAddr, ProxyError } from '@inband/core';
import { afterEach, expect, test, vi } from 'vitest';
import { createHarness, type Harness, type HarnessOptions, Peer } from '../../test-support/harness.ts';

let harnesses: Harness[] = [];
afterEach(async () => {
  for (const harness of harnesses) await harness.finish();
  harnesses = [];
  vi.useRealTimers();
});

const error = new ProxyError('connection_limit_reached', 'Too many.', {
  setting: 'limits.perClient.connections',
  fault: 'client',
  retryAfter: 1,
});

async function refused(options: HarnessOptions): Promise<Peer & { readonly h: Harness }> {
  const h = await createHarness(options);
  harnesses.push(h);
  const listener = inetAddr('127.0.0.1', 3128)!;
  const { client, server } = h.network.connectPair({ client: inetAddr('127.0.0.1', 40_000)!, server: listener });
  const peer = new Peer(client);
  const { remote: address, local } = server;
  h.proxy.refuse?.({ id: 99, connection: server, address, local, listener }, error);
  return Object.assign(peer, { h });
}

test('a client that is refused is told so by the answer to its request, in words that it understands', async () => {
  for (const mode of ['forward', 'reverse'] as const) {
    const client = await refused({ mode });
    client.send(
      'GET http://h/ HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n'.replace(
        'http://h',
        mode === 'forward' ? 'http://h' : '',
      ),
    );
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    expect(client.received).toContain('\r\nConnection: close\r\n');
    expect(client.received).toContain('<code>limits.perClient.connections</code>');
    client.connection.end();
    await client.closed();
    expect(client.h.records).toMatchObject([{ status: 503, error: { setting: 'limits.perClient.connections' } }]);
    expect(client.h.dialled).toBe(0);
  }
});

test('its HEAD gets no body', async () => {
  const client = await refused({ mode: 'reverse' });
  client.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.ended();
  expect(client.received).toMatch(/\r\n\r\n$/);
  client.connection.end();
});

test('one that asks nothing is closed after a short while, however slowly it begins', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const client = await refused({ mode: 'reverse' });
  client.send('GET / HT');
  await vi.advanceTimersByTimeAsync(1_500);
  client.send('TP/1.1\r\n');
  await vi.advanceTimersByTimeAsync(1_500);
  await client.ended();
  expect(client.received).toBe('');
  client.connection.end();
});

test('an intercepted one is reset: the answer would pass for its server’s', async () => {
  const client = await refused({ mode: 'transparent' });
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(await client.closed()).toBeDefined();
  expect(client.received).toBe('');
});
