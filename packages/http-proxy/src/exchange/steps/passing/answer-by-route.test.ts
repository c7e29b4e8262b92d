import { expect, test } from 'vitest';
import type { RouteAnswer } from '../../../answers/route-answers.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';
import type { HarnessOptions } from '../../../../test-support/harness.ts';

const make = useHarness();

const ROBOTS: RouteAnswer = {
  kind: 'respond',
  respond: { status: 200, fields: { 'X-Request': '{request.method} {request.id}' }, body: 'User-agent: *\n' },
};

function redirectTo(location: string, status = 308): RouteAnswer {
  return { kind: 'redirect', redirect: { status, location } };
}

async function proxyWith(answer: RouteAnswer, options: HarnessOptions = {}) {
  return make({ routeAnswers: { 'services.test.routes[0]': answer }, ...options });
}

/** What a client gets. */
async function ask(answer: RouteAnswer, head: string, options: HarnessOptions = {}): Promise<string> {
  const h = await proxyWith(answer, options);
  const client = h.client();
  client.send(`${head}\r\nConnection: close\r\n\r\n`);
  await client.ended();
  expect(h.dialled).toBe(0);
  return client.received;
}

test('a route that responds answers without a server, and the connection goes on', async () => {
  const h = await proxyWith(ROBOTS);
  const client = h.client();
  for (let count = 0; count < 2; count += 1) {
    client.send('GET /robots.txt HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    const head = await client.receive('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: [^\r]+ GMT\r\nX-Request: GET [0-9a-z]{8}-\d+\r\n/);
    expect(head).toContain('\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n\r\n');
    expect(await client.receive('\n')).toBe('User-agent: *\n');
  }
  expect(h.dialled).toBe(0);
  expect(h.records.map(({ status, session }) => [status, session.route?.name])).toEqual([
    [200, 'services.test.routes[0]'],
    [200, 'services.test.routes[0]'],
  ]);
});

test('a field may have its value from elsewhere, as it is at that moment, and what was opened is closed', async () => {
  let text = 'one';
  const opened: string[] = [];
  const closed: string[] = [];
  const respond = {
    status: 200,
    fields: { 'X-File': { file: '/a', prefix: 'key ' }, 'Content-Type': { env: 'TYPE' }, 'X-Text': 'two' },
    body: 'hi',
  };
  const h = await proxyWith(
    { kind: 'respond', respond },
    {
      openFieldSource: ({ file, env = file }) => {
        opened.push(env ?? '');
        return {
          get text() {
            return text;
          },
          close: () => void closed.push(env ?? ''),
        };
      },
    },
  );
  const client = h.client();
  for (text of ['one', 'text/html']) {
    client.send('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    expect(await client.receive('hi')).toContain(
      `\r\nX-File: key ${text}\r\nContent-Type: ${text}\r\nX-Text: two\r\nContent-Length: 2\r\n\r\n`,
    );
  }
  expect([opened, closed]).toEqual([['/a', 'TYPE'], []]);
  h.proxy.close();
  expect(closed).toEqual(['/a', 'TYPE']);
});

test('a HEAD gets the length and no content', async () => {
  const answer = await ask(ROBOTS, 'HEAD /robots.txt HTTP/1.1\r\nHost: shop.example');
  expect(answer).toContain('\r\nContent-Length: 14\r\n');
  expect(answer.endsWith('\r\n\r\n')).toBe(true);
});

test('an answer without content has no length where it must have none', async () => {
  const none: RouteAnswer = { kind: 'respond', respond: { status: 204, fields: {}, body: undefined } };
  const answer = await ask(none, 'GET / HTTP/1.1\r\nHost: shop.example');
  expect(answer).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
  expect(answer).not.toContain('Content-');
});

test('a body of the client is not read, so that the connection ends behind the answer', async () => {
  const h = await proxyWith(ROBOTS);
  const client = h.client();
  client.send('POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello');
  await client.ended();
  expect(client.received).toContain('\r\nConnection: close\r\n');
});

test.each([
  ['GET /a?b=c HTTP/1.1\r\nHost: old.example', 'https://new.example{request.target}', 'https://new.example/a?b=c'],
  ['GET / HTTP/1.1\r\nHost: Old.example:8080', 'https://{request.host}{request.path}', 'https://old.example/'],
  ['GET / HTTP/1.1\r\nHost: [2001:DB8::1]', 'https://{request.host}/', 'https://[2001:db8::1]/'],
  [
    'GET http://old.example?a HTTP/1.1\r\nHost: old.example',
    'https://x.example{request.target}',
    'https://x.example/?a',
  ],
  ['GET /a HTTP/1.0', 'https://{request.host}:{request.port}{request.target}', 'https://127.0.0.1:3128/a'],
  ['GET /a HTTP/1.0\r\nHost:', 'https://{request.host}{request.target}', 'https://127.0.0.1/a'],
  ['GET /a"<b>\xe9%zz HTTP/1.1\r\nHost: old.example', '/b{request.target}', '/b/a%22%3Cb%3E%E9%zz'],
  [
    'GET / HTTP/1.1\r\nHost: old.example',
    'https://x.example/?from={client.address}&by={user}',
    'https://x.example/?from=127.0.0.1&by=',
  ],
])('%j is sent on by %s', async (head, location, expected) => {
  const answer = await ask(redirectTo(location), head);
  expect(answer).toMatch(/^HTTP\/1\.1 308 Permanent Redirect\r\n/);
  expect(/\r\nlocation: ([^\r]*)\r\nContent-Length: 0\r\n/.exec(answer)?.[1]).toBe(expected);
});

test('a CONNECT is refused, because its client would take the answer for bytes of its server', async () => {
  const answer = await ask(ROBOTS, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443', { mode: 'forward' });
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});

test('a client of SOCKS is told that it is not allowed', async () => {
  const h = await proxyWith(ROBOTS, { mode: 'forward', accept: ['socks5'] });
  const client = h.client();
  client.send('\x05\x01\x00');
  await client.receive('\x05\x00');
  client.send('\x05\x01\x00\x01\x08\x08\x08\x08\x01\xbb');
  await client.ended();
  expect(client.received.slice(0, 2)).toBe('\x05\x02');
});

test('rules come first: who may not ask gets no answer', async () => {
  const answer = await ask(ROBOTS, 'GET / HTTP/1.1\r\nHost: a.example', { rules: [{ action: 'deny' }] });
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});
