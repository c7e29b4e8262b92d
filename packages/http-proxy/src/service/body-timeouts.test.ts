import { expect, test, vi } from 'vitest';
import { createHarness } from '../../test-support/harness.ts';
import { bodyTimeouts } from './body-timeouts.ts';
import { defaultHttpOptions } from './options.ts';

const MINUTE = 60_000;

test('whoever chose the proxy may take their time, and pause', () => {
  for (const mode of ['forward', 'transparent'] as const) {
    expect(defaultHttpOptions(mode).responseTimeout).toBe(5 * MINUTE);
    expect(bodyTimeouts(mode, undefined)).toEqual({
      request: 15 * MINUTE,
      response: 15 * MINUTE,
      bindsReader: false,
      responseAfterEnd: MINUTE,
    });
  }
});

test('in front of own servers a request has to come at once, and an answer that has begun gets longer', () => {
  expect(defaultHttpOptions('reverse').responseTimeout).toBe(MINUTE);
  expect(bodyTimeouts('reverse', undefined)).toEqual({
    request: MINUTE,
    response: 5 * MINUTE,
    bindsReader: true,
    responseAfterEnd: MINUTE,
  });
});

test('what is written holds for everything', () => {
  expect(bodyTimeouts('forward', 5)).toEqual({ request: 5, response: 5, bindsReader: true, responseAfterEnd: 5 });
});

const SIZE = 200_000;

/** A response of `SIZE` to a client that reads its head only; the server has sent all of it, and the proxy's timeout expires. */
async function pausedDownload(mode: 'forward' | 'reverse', close: boolean) {
  const h = await createHarness({ mode, window: 10_000 });
  const client = h.client();
  client.send(`GET http://h/ HTTP/1.1\r\nHost: h\r\n${close ? 'Connection: close\r\n' : ''}\r\n`);
  const server = await h.server();
  await server.receive('\r\n\r\n');
  client.connection.pause();
  server.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n${'x'.repeat(SIZE)}`);
  while (client.inner.queued === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return { h, client, server };
}

for (const close of [false, true]) {
  test(`a client of a forward proxy that pauses for an hour has its whole download${close ? ', and is closed then' : ''}`, async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { h, client } = await pausedDownload('forward', close);
      const held = client.inner.queued;
      // Nothing more is read from the server meanwhile.
      expect(held).toBeLessThan(SIZE / 2);
      for (let minute = 0; minute < 60; minute += 1) vi.advanceTimersByTime(MINUTE);
      expect(client.inner.queued).toBe(held);
      expect(h.timers.running).toBeGreaterThan(0);
      client.connection.resume();
      await client.until(() => client.received.endsWith('x') && client.received.length > SIZE);
      expect(h.records).toMatchObject([{ status: 200, bytesOut: SIZE, error: undefined }]);
      vi.useRealTimers();
      await h.finish();
    } finally {
      vi.useRealTimers();
    }
  });
}

test('one of a reverse proxy is not waited for that long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const { h, client } = await pausedDownload('reverse', false);
    for (let minute = 0; minute < 4; minute += 1) vi.advanceTimersByTime(MINUTE);
    expect(h.records).toEqual([]);
    vi.advanceTimersByTime(2 * MINUTE);
    expect(h.records).toMatchObject([{ error: { code: 'http_request_error', setting: 'http.bodyTimeout' } }]);
    vi.useRealTimers();
    client.connection.resume();
    await client.closed();
    await h.finish();
  } finally {
    vi.useRealTimers();
  }
});

test('a server that stalls is waited for as long as the mode says, whatever the client does', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const h = await createHarness({ mode: 'forward' });
    const client = h.client();
    client.send('GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n');
    const server = await h.server();
    await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx');
    await client.receive('\r\n\r\nx');
    vi.advanceTimersByTime(14 * MINUTE);
    expect(h.records).toEqual([]);
    vi.advanceTimersByTime(2 * MINUTE);
    expect(h.records).toMatchObject([{ error: { code: 'connection_read_timeout' } }]);
    vi.useRealTimers();
    await client.closed();
    await h.finish();
  } finally {
    vi.useRealTimers();
  }
});
