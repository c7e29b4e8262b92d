import { ProxyError } from '@inband/core';
import { expect, test, vi } from 'vitest';
import type { Harness } from '../../../../test-support/harness.ts';
import { counting, limits, status } from '../../../../test-support/limiting.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();
const CONNECT = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n';

async function tunnel(h: Harness) {
  const client = h.client();
  client.send(CONNECT);
  const server = await h.server();
  const head = await client.receive('\r\n\r\n');
  return {
    head,
    end() {
      client.connection.end();
      server.connection.end();
    },
  };
}

test('tunnels beyond the limit of a client are refused by 503, until one of them ends', async () => {
  const counted = counting();
  const h = await make({ mode: 'forward', ...limits({ perClient: { tunnels: 1 } }, counted) });
  const first = await tunnel(h);
  expect(status(first.head)).toBe(200);
  const refused = h.client();
  refused.send(CONNECT);
  await refused.ended();
  expect(refused.received).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
  expect(h.records.at(-1)?.error?.setting).toBe('services.test.limits.perClient.tunnels');
  first.end();
  await vi.waitFor(() => expect(counted.state.tunnels.size).toBe(0));
  const next = await tunnel(h);
  expect(status(next.head)).toBe(200);
  next.end();
});

test('a SOCKS client has a tunnel, and is told that there is none left', async () => {
  const h = await make({ mode: 'forward', accept: ['http', 'socks5'], ...limits({ tunnels: 1 }) });
  const first = await tunnel(h);
  const socks = h.client();
  socks.send('\x05\x01\x00');
  await socks.receive('\x05\x00');
  socks.send('\x05\x01\x00\x01\x08\x08\x08\x08\x01\xbb');
  await socks.ended();
  expect(socks.received.slice(0, 1)).toBe('\x05');
  expect(socks.received.charCodeAt(1)).toBeGreaterThan(0);
  first.end();
});

test('an upgrade counts from its request on, also if the server does not switch', async () => {
  const counted = counting();
  const h = await make(limits({ perClient: { tunnels: 1 } }, counted));
  const upgrade =
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const client = h.client();
  client.send(upgrade);
  const server = await h.server();
  await server.receive('\r\n\r\n');
  expect(counted.state.tunnels.size).toBe(1);
  const refused = h.client();
  refused.send(upgrade);
  expect(status(await refused.receive('\r\n\r\n'))).toBe(503);
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  expect(status(await client.receive('\r\n\r\n'))).toBe(200);
  expect(counted.state.tunnels.size).toBe(0);
  client.connection.end();
  refused.connection.end();
});

test('a tunnel that is never opened does not count for ever', async () => {
  const counted = counting();
  const chainer = { kind: 'failing', connectServer: () => Promise.reject(new ProxyError('connection_refused', 'No.')) };
  const h = await make({ mode: 'forward', chainer, ...limits({ perClient: { tunnels: 1 } }, counted) });
  const client = h.client();
  client.send(CONNECT);
  await client.ended();
  expect(status(client.received)).toBe(502);
  expect(counted.state.tunnels.size).toBe(0);
});
