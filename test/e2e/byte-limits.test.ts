import type { ConfigInput } from 'inband';
import { queuedBytes } from '@inband/core';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import { bodyStream, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e, forward, type Lab } from './lab.ts';

type ServiceInput = ConfigInput['services'][string];

function limited(limits: ServiceInput['limits']): ConfigInput {
  const { services, ...rest } = forward();
  return { ...rest, services: { browser: { ...services['browser']!, limits } } };
}

/** A client that reads nothing until it is told to, behind the heads of its request and of the answer. */
async function open(lab: Lab, port: number, head: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  lab.defer(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(head);
  return socket;
}

/** Reads the head of an answer. What came behind it is read next. */
async function answerHead(socket: Socket): Promise<string> {
  let received = Buffer.alloc(0);
  for (;;) {
    await once(socket, 'readable');
    received = Buffer.concat([received, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) continue;
    if (end + 4 < received.length) socket.unshift(received.subarray(end + 4));
    return received.toString('latin1', 0, end);
  }
}

const SIZE = 4 * MiB;
const HASH = hashOfBody(SIZE);

/**
 * Milliseconds that such a body takes at least at 8 MiB/s, without the fifth of a second that may come at once, and with what one splice may
 * bring too early.
 */
const AT_LEAST = ((SIZE - MiB) / (8 * MiB)) * 1000 - 200;

async function openTunnel(lab: Lab, proxy: number, port: number): Promise<Socket> {
  const socket = await open(lab, proxy, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  expect(await answerHead(socket)).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
}

describe('bandwidth', () => {
  e2e('slows a tunnel down each way, which is large enough to be spliced', async (lab) => {
    const proxy = await lab.inband(limited({ bandwidth: '8MiB/s' }));
    const echoed = Promise.withResolvers<string>();
    const origin = await lab.tcpOrigin((socket) => {
      void hashOf(socket).then(echoed.resolve, echoed.reject);
      void pipeline(bodyStream(SIZE), socket);
    });
    const socket = await openTunnel(lab, proxy.port, origin.port);
    const begun = performance.now();
    const down = hashOf(socket).then((hash) => ({ hash, after: performance.now() - begun }));
    await pipeline(bodyStream(SIZE), socket);
    expect(await echoed.promise).toBe(HASH);
    expect(performance.now() - begun).toBeGreaterThan(AT_LEAST);
    const { hash, after } = await down;
    expect(hash).toBe(HASH);
    expect(after).toBeGreaterThan(AT_LEAST);
    expect(await proxy.recorded(1)).toMatchObject([{ bytesIn: SIZE, bytesOut: SIZE, error: undefined }]);
  });

  e2e('slows bodies down, whole and in chunks', async (lab) => {
    const proxy = await lab.inband(limited({ bandwidth: '8MiB/s' }));
    const origin = await lab.origin(async (req, res) => {
      const hash = await hashOf(req);
      res.writeHead(200, { 'x-hash': hash, ...(req.url === '/whole' && { 'content-length': SIZE }) });
      void pipeline(bodyStream(SIZE), res);
    });
    for (const path of ['/whole', '/chunked']) {
      const begun = performance.now();
      const response = await fetchBy(proxy.port, `${origin.url}${path}`);
      expect(response.sent).toBe(HASH);
      expect(response.hash).toBe(HASH);
      expect(performance.now() - begun).toBeGreaterThan(2 * AT_LEAST);
    }
  });
});

/** Sends the body up and reads the one that comes down. */
async function fetchBy(port: number, url: string): Promise<{ hash: string; sent: string | undefined }> {
  const { request } = await import('node:http');
  const { host, pathname } = new URL(url);
  const headers = { host, ...(pathname === '/whole' && { 'content-length': SIZE }) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: url, method: 'PUT', agent: false, headers },
      (response) => {
        const sent = response.headers['x-hash'];
        hashOf(response).then((hash) => resolve({ hash, sent: typeof sent === 'string' ? sent : undefined }), reject);
      },
    );
    outgoing.on('error', reject);
    void pipeline(bodyStream(SIZE), outgoing);
  });
}

e2e('a quota ends a tunnel, and a new one is refused by 429', async (lab) => {
  const proxy = await lab.inband(limited({ perClient: { quota: '2MiB/day' } }));
  const origin = await lab.tcpOrigin((socket) => void pipeline(bodyStream(SIZE), socket).catch(() => {}));
  const socket = await openTunnel(lab, proxy.port, origin.port);
  let received = 0;
  socket.on('data', (bytes) => (received += bytes.length)).resume();
  await new Promise((resolve) => socket.on('close', resolve));
  expect(received).toBeLessThanOrEqual(3 * MiB);
  const setting = 'services.browser.limits.perClient.quota';
  const message = 'The quota of the client 127.0.0.1, 2MiB/day, is used up.';
  expect(await proxy.recorded(1)).toMatchObject([{ kind: 'tunnel', error: { message, setting } }]);
  const later = await open(lab, proxy.port, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
  const head = await answerHead(later);
  expect(head).toMatch(/^HTTP\/1\.1 429 /);
  expect(Number(/\r\nRetry-After: (\d+)/.exec(head)?.[1])).toBeLessThanOrEqual(86_400);
});

e2e('a client that takes nothing of its answer is cut, and the record says why', async (lab) => {
  const proxy = await lab.inband(limited({ minimumRate: { response: '4MiB/s', grace: '1s' } }));
  const origin = await lab.origin((_req, res) => {
    res.writeHead(200, { 'content-length': 64 * MiB });
    void pipeline(bodyStream(64 * MiB), res).catch(() => {});
  });
  await open(lab, proxy.port, `GET ${origin.url}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  const setting = 'services.browser.limits.minimumRate';
  const message = 'The client took the answer at less than 4MiB/s.';
  expect(await proxy.recorded(1)).toMatchObject([{ status: 200, error: { message, setting } }]);
});

e2e(
  'many clients that do not read make the proxy queue no more than it may',
  async (lab) => {
    const most = MiB;
    const proxy = await lab.inband(limited({ queued: '1MiB' }));
    // In chunks, because what is spliced waits in the kernel.
    const origin = await lab.origin((_req, res) => void pipeline(bodyStream(256 * MiB), res).catch(() => {}));
    const get = `GET ${origin.url}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`;
    const clients: Socket[] = [];
    // The systems take some megabytes for each before anything is queued here, and how much of each is queued depends on them.
    while (queuedBytes.total < most && clients.length < 100) {
      clients.push(await open(lab, proxy.port, get));
      await delay(200);
    }
    const refused = await open(lab, proxy.port, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
    expect(await answerHead(refused)).toMatch(/^HTTP\/1\.1 503 /);
    refused.destroy();
    expect(queuedBytes.total).toBeLessThanOrEqual(most + MiB);
    const received = clients.map((client) => {
      let bytes = 0;
      client.on('data', (chunk) => (bytes += chunk.length)).resume();
      return () => bytes;
    });
    await vi.waitFor(() => expect(Math.min(...received.map((bytes) => bytes()))).toBeGreaterThan(6 * MiB), {
      timeout: 60_000,
    });
    for (const client of clients) client.destroy();
    await proxy.recorded(clients.length + 1);
    await vi.waitFor(() => expect(queuedBytes.total).toBe(0), { timeout: 15_000 });
  },
  150_000,
);
