import { expect, test } from 'vitest';
import type { HarnessOptions } from '../../../test-support/harness.ts';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();

const OPEN = new Map([['to-ken_1', 'to-ken_1.thumbprint']]);
const challenges = {
  get hasOpen() {
    return OPEN.size > 0;
  },
  find: (token: string) => OPEN.get(token),
};

/** What a client of a service that denies everybody gets. */
async function ask(line: string, options: HarnessOptions = { challenges }): Promise<string> {
  const h = await make({ rules: [{ action: 'deny' }], ...options });
  const client = h.client();
  client.send(`${line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
  await client.ended();
  return client.received;
}

test('a CA finds what it looks for, whatever the rules of the service', async () => {
  const answer = await ask('GET /.well-known/acme-challenge/to-ken_1');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain('\r\nContent-Length: 19\r\n');
  expect(answer.endsWith('\r\n\r\nto-ken_1.thumbprint')).toBe(true);
});

test('a HEAD has no content', async () => {
  const answer = await ask('HEAD /.well-known/acme-challenge/to-ken_1');
  expect(answer).toContain('\r\nContent-Length: 19\r\n');
  expect(answer.endsWith('\r\n\r\n')).toBe(true);
});

test.each([
  'GET /.well-known/acme-challenge/other',
  'GET /.well-known/acme-challenge/',
  'GET /.well-known/acme-challenge/to-ken_1/',
  'GET /.well-known/acme-challenge/to-ken_1?a',
  'GET /.well-known/acme-challeng',
  'GET http://shop.example/.well-known/acme-challenge/to-ken_1',
  'POST /.well-known/acme-challenge/to-ken_1',
])('%s is a request like any other', async (line) => {
  expect(await ask(line)).toMatch(/^HTTP\/1\.1 403 /);
});

test('nothing is answered where no certificate is ordered by http-01', async () => {
  expect(await ask('GET /.well-known/acme-challenge/to-ken_1', {})).toMatch(/^HTTP\/1\.1 403 /);
});
