import { afterEach, expect, test } from 'vitest';
import { WaitingBytes } from '@inband/core';
import { createHarness, type Harness } from '../../test-support/harness.ts';

let h: Harness;
afterEach(() => h.finish());

const GET = 'GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n';

test.each([
  ['heads of answers', '\r\n'],
  ['heads that have to be mended', '\n'],
])('%s that come in parts are bounded in all: the oldest one is given up, others go on', async (_, lineEnd) => {
  const waitingBytes = new WaitingBytes(64 * 1024);
  h = await createHarness({ mode: 'forward', waitingBytes });
  const part = `HTTP/1.1 200 OK${lineEnd}Content-Length: 2\r\nX-Long: ${'x'.repeat(14_000)}`;
  const pairs = [];
  for (let number = 0; number < 6; number += 1) {
    const client = h.client();
    client.send(GET);
    const server = await h.server();
    server.send(part);
    pairs.push({ client, server });
  }
  const [oldest] = pairs;
  expect(await oldest!.client.receive('limits.partialHeads')).toMatch(/^HTTP\/1\.1 503 /);
  const youngest = pairs.at(-1)!;
  youngest.server.send('\r\n\r\nok');
  expect(await youngest.client.receive('ok')).toMatch(/^HTTP\/1\.1 200 /);
  for (const { server } of pairs.slice(0, -1)) server.connection.destroy();
  for (const { client } of pairs.slice(0, -1)) client.connection.destroy();
  for (const { client } of pairs.slice(0, -1)) await client.closed();
  expect(waitingBytes.held).toBe(0);
});
