import { afterEach, beforeEach, expect, test } from 'vitest';
import { MockAgent } from 'undici';
import { undiciAsk } from './undici-ask.ts';

const { signal } = new AbortController();
let agent: MockAgent;

beforeEach(() => {
  agent = new MockAgent();
  agent.disableNetConnect();
});
afterEach(() => agent.close());

function ask() {
  return undiciAsk({ dispatcher: agent, userAgent: 'inband/1' }).ask;
}

test('a signed request goes out as JOSE, and the answer comes with its fields', async () => {
  let seen: unknown;
  agent
    .get('https://ca.test')
    .intercept({ path: '/order', method: 'POST' })
    .reply((options) => {
      seen = { headers: options.headers, body: options.body };
      return { statusCode: 201, data: '{}', responseOptions: { headers: { location: 'https://ca.test/1' } } };
    });
  const answer = await ask()({ method: 'POST', url: 'https://ca.test/order', body: '{"a":1}', signal });
  expect(seen).toEqual({
    headers: { 'user-agent': 'inband/1', 'content-type': 'application/jose+json' },
    body: '{"a":1}',
  });
  expect([answer.status, answer.field('location'), answer.text]).toEqual([201, 'https://ca.test/1', '{}']);
});

test('a redirect is an answer, not followed', async () => {
  agent
    .get('https://ca.test')
    .intercept({ path: '/directory', method: 'GET' })
    .reply(302, '', { headers: { location: 'https://other.test/' } });
  expect((await ask()({ method: 'GET', url: 'https://ca.test/directory', signal })).status).toBe(302);
});

test('an answer of more than 1 MiB is refused', async () => {
  agent
    .get('https://ca.test')
    .intercept({ path: '/big', method: 'GET' })
    .reply(200, 'x'.repeat((1 << 20) + 1));
  await expect(ask()({ method: 'GET', url: 'https://ca.test/big', signal })).rejects.toMatchObject({
    kind: 'unexpected',
  });
});

test('a CA that cannot be reached is named, with the reason', async () => {
  agent
    .get('https://ca.test')
    .intercept({ path: '/', method: 'GET' })
    .replyWithError(new Error('connect ECONNREFUSED'));
  await expect(ask()({ method: 'GET', url: 'https://ca.test/', signal })).rejects.toMatchObject({
    kind: 'unreachable',
    message: 'ca.test cannot be asked: connect ECONNREFUSED.',
  });
});

test('a request ends with the program', async () => {
  const ending = new AbortController();
  agent.get('https://ca.test').intercept({ path: '/', method: 'GET' }).reply(200, '').delay(60_000);
  const asked = ask()({ method: 'GET', url: 'https://ca.test/', signal: ending.signal });
  ending.abort();
  await expect(asked).rejects.toMatchObject({ kind: 'closed' });
});
