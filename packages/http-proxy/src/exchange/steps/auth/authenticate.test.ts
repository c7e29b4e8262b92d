import type { Authenticator } from '@inband/core';
import { expect, test } from 'vitest';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();

const answer = { status: 403, fields: [], content: 'Not you.' };
const answering: Authenticator = {
  challenges: [],
  readsPasswords: false,
  authenticate: () => ({ verdict: 'answered', why: 'Somebody else said so.', answer }),
};

test('what came behind a CONNECT that is answered here was for the tunnel, and is no request', async () => {
  const h = await make({ mode: 'forward', authenticator: answering });
  const client = h.client();
  const connect = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n';
  client.send(`${connect}GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n`);
  await client.ended();
  expect(client.received.match(/HTTP\/1\.1 \d+|Connection: close/g)).toEqual(['HTTP/1.1 403', 'Connection: close']);
  expect(h.records).toHaveLength(1);
});
