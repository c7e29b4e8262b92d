import { formatSockAddr, inetAddr } from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { passTime } from '../../../core/test-support/passing-time.ts';
import type { Harness, HarnessOptions } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const make = useHarness();
const setUp = (http: HarnessOptions['http'] = {}): Promise<Harness> => make({ mode: 'transparent', http });

const originalDestination = inetAddr('192.0.2.25', 25)!;
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const destination = formatSockAddr(originalDestination);

test('an intercepted client that says nothing is not waited for as long as others, and leaves a line', async () => {
  const h = await setUp({ firstByteTimeout: 30 });
  const ordinary = h.client();
  const silent = h.client({ originalDestination });
  await silent.ended();
  expect(h.infos).toEqual([expect.objectContaining({ destination, closedBy: 'proxy' })]);
  expect(h.records).toEqual([]);
  ordinary.send(GET);
  (await h.server()).send(OK);
  await ordinary.receive('ok');
});

test.each([
  ['closes', 'end'],
  ['resets', 'destroy'],
] as const)('one that %s without having asked for anything leaves a line', async (_how, end) => {
  const h = await setUp();
  const client = h.client({ originalDestination });
  client.connection[end](end === 'end' ? undefined : (new Error('gone') as never));
  await client.closed();
  await expect.poll(() => h.infos).toEqual([expect.objectContaining({ destination, closedBy: 'client' })]);
});

test('one that asked has its access line alone, and then as much time as anybody', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const h = await setUp({ firstByteTimeout: 1_000 });
  const client = h.client({ originalDestination });
  client.send(GET);
  const server = await h.server();
  server.send(OK);
  await client.receive('ok');
  await passTime(1_200);
  client.send(GET);
  server.send(OK);
  await client.receive('ok');
  const refused = h.client({ originalDestination });
  refused.send('EHLO mail\r\n');
  await refused.ended();
  for (const { connection } of [client, refused]) connection.end();
  await Promise.all([client.closed(), refused.closed()]);
  expect(h.records).toHaveLength(3);
  expect(h.infos).toEqual([]);
});
