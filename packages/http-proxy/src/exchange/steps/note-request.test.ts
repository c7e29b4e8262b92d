import { requestNotes, type RequestNotes } from '@inband/core';
import { expect, test } from 'vitest';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** What the record of a request with this head has. */
async function notesOf(head: string, notesRequests: boolean): Promise<RequestNotes | undefined> {
  const h = await make({ notesRequests });
  const client = h.client();
  client.send(head);
  const server = await h.server();
  await server.receive('\r\n\r\n');
  server.send(ANSWER);
  await client.receive('\r\n\r\n');
  const [record] = h.records;
  return record && requestNotes(record.session);
}

const HEAD = 'GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: curl/8 (x)\r\nReferer: http://h/a\r\n\r\n';

test('what the log wants of a head is known at the end of its session', async () => {
  expect(await notesOf(HEAD, true)).toEqual({ version: 'HTTP/1.1', referer: 'http://h/a', userAgent: 'curl/8 (x)' });
  expect(await notesOf('GET / HTTP/1.0\r\nHost: h\r\n\r\n', true)).toEqual({ version: 'HTTP/1.0' });
});

test('nothing is noted where nothing asks for it', async () => {
  expect(await notesOf(HEAD, false)).toBeUndefined();
});
