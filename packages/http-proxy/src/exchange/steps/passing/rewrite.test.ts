import { expect, test } from 'vitest';
import { useHarness } from '../../../../test-support/use-harness.ts';
import type { HarnessOptions } from '../../../../test-support/harness.ts';

const make = useHarness();

const ROUTE = 'services.test.routes[0]';

const API: HarnessOptions = {
  routeRewrites: {
    [ROUTE]: { path: { from: '/api/', to: '/v1/' }, host: 'api.internal:8443', answers: true },
  },
};

test('the server sees the rewritten path and host, and the client what it knows', async () => {
  const h = await make({
    ...API,
    fieldRules: {
      service: {
        request: [{ kind: 'set', values: { 'x-asked': '{request.host}{request.target}' } }],
        response: [{ kind: 'set', values: { 'x-seen': 'yes' }, when: { field: { location: '/api/b' } } }],
      },
      routes: {},
    },
  });
  const client = h.client();
  client.send('GET /x/../api/a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  const server = await h.server();
  const sent = await server.receive('\r\n\r\n');
  expect(sent).toMatch(/^GET \/v1\/a\?b HTTP\/1\.1\r\nHost: api\.internal:8443\r\n/);
  expect(sent).toContain('\r\nx-asked: shop.example/x/../api/a?b\r\n');
  server.send(
    'HTTP/1.1 302 Found\r\nLocation: /v1/b\r\nSet-Cookie: s=1; Path=/v1/\r\nSet-Cookie: t=1\r\nContent-Length: 0\r\n\r\n',
  );
  const got = await client.receive('\r\n\r\n');
  expect(got).toContain('\r\nlocation: /api/b\r\nset-cookie: s=1; Path=/api/\r\nset-cookie: t=1\r\nx-seen: yes\r\n');
  expect(got).not.toContain('/v1/');
});

test.each([
  ['api.internal:8443', 'http://api.internal:8443/v1/b'],
  [undefined, 'http://127.0.0.1:3128/v1/b'],
])('a client that names no host is sent back to where it reached the proxy (host: %s)', async (host, location) => {
  const h = await make({ routeRewrites: { [ROUTE]: { path: { from: '/api/', to: '/v1/' }, host, answers: true } } });
  const client = h.client();
  client.send('GET /api/a HTTP/1.0\r\n\r\n');
  const server = await h.server();
  await server.receive('\r\n\r\n');
  server.send(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
  await client.ended();
  expect(client.received).toContain('\r\nlocation: http://127.0.0.1:3128/api/b\r\n');
});

test('a retried request is sent the same way, and the next one on its own', async () => {
  const h = await make(API);
  const client = h.client();
  const ask = (path: string): void => client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  ask('/api/one');
  const server = await h.server();
  await server.receive('\r\n\r\n');
  server.send(answer);
  await client.receive('\r\n\r\n');
  ask('/api/two');
  expect(await server.receive('\r\n\r\n')).toMatch(/^GET \/v1\/two /);
  server.connection.destroy();
  const again = await h.server();
  expect(await again.receive('\r\n\r\n')).toMatch(/^GET \/v1\/two HTTP\/1\.1\r\nHost: api\.internal:8443\r\n/);
  again.send(answer);
  await client.receive('\r\n\r\n');
});

test('a path that some servers read as another one is refused before a server is connected to', async () => {
  const h = await make(API);
  const client = h.client();
  client.send('GET /api/..%2fadmin HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(h.dialled).toBe(0);
});

test('answers stay as they are where the route says so', async () => {
  const h = await make({
    routeRewrites: { [ROUTE]: { path: { from: '/', to: '/v1/' }, host: undefined, answers: false } },
  });
  const client = h.client();
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const server = await h.server();
  expect(await server.receive('\r\n\r\n')).toMatch(/^GET \/v1\/ HTTP\/1\.1\r\nHost: h\r\n/);
  server.send('HTTP/1.1 302 Found\r\nLocation: /v1/b\r\nContent-Length: 0\r\n\r\n');
  expect(await client.receive('\r\n\r\n')).toContain('\r\nLocation: /v1/b\r\n');
});
