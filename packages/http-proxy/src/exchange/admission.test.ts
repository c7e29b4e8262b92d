import type { Route, RouteQuery } from '@inband/core';
import { expect, test } from 'vitest';
import { useHarness } from '../../test-support/use-harness.ts';

const setUp = useHarness();

/** Only what is public has a route. */
function publicOnly({ path }: RouteQuery, usual: Route): Route | undefined {
  return path?.startsWith('/public/') === true ? usual : undefined;
}

test.each([
  ['/public/..\\admin', 400],
  ['/public/%u002e%u002E/admin', 400],
  ['/x\\..\\public/y', 400],
  // To a server that knows "\\" alone it is /admin/..., to one that knows both it is public again.
  ['/public/..\\admin\\%u002e%u002e\\public\\x', 400],
  ['/\\public/', 404],
  ['/admin?/public/\\', 404],
])('%s, which some servers read as a path of another route, is not passed: %i', async (path, status) => {
  const h = await setUp({ route: publicOnly, routesByPath: true });
  const client = h.client();
  client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  await client.ended();
  expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(h.dialled).toBe(0);
});

test.each(['/public/a\\b?\\', '/public/%u0061', '/public/100%', '/public/[1]\xc3\xb6'])(
  '%s passes as it came, because whoever reads it finds the same route',
  async (path) => {
    const h = await setUp({ route: publicOnly, routesByPath: true });
    const client = h.client();
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    const server = await h.server();
    await server.receive(`GET ${path} HTTP/1.1\r\n`);
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.ended();
  },
);

test('a method that is denied is denied in any case, because some servers fold it', async () => {
  for (const method of ['DELETE', 'delete', 'Delete']) {
    const h = await setUp({ rules: [{ action: 'deny', methods: ['DELETE'] }] });
    const client = h.client();
    client.send(`${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 403 /);
    expect(h.dialled).toBe(0);
  }
});

test('a method that is allowed is allowed in its own case only', async () => {
  const h = await setUp({ rules: [{ action: 'allow', methods: ['DELETE'] }, { action: 'deny' }] });
  const client = h.client();
  client.send('delete / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await client.ended();
  expect(client.received).toMatch(/^HTTP\/1\.1 403 /);
});

test('HTTP/1.0 without Host goes where the operator says, and no route by host takes it', async () => {
  const hosts: string[] = [];
  const route = ({ target }: RouteQuery, usual: Route): Route => {
    hosts.push(target.host);
    return usual;
  };
  const h = await setUp({ route });
  const client = h.client();
  client.send('GET /old HTTP/1.0\r\n\r\n');
  const server = await h.server();
  expect(await server.receive('\r\n\r\n')).toMatch(
    /^GET \/old HTTP\/1\.1\r\nHost: 127\.0\.0\.1:3128\r\n[^]*X-Forwarded-Proto: http\r\nVia: /,
  );
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await client.ended();
  expect(client.received).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  expect(hosts).toEqual(['']);
});

test('a method in another case does not take another route, because some servers fold it', async () => {
  const outcomes = ['DELETE', 'delete', 'patch', 'Foo'].map(async (method) => {
    const h = await setUp({
      route: (query, usual) => (query.method === 'DELETE' ? { ...usual, name: 'another' } : usual),
    });
    const client = h.client();
    client.send(`${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    if (method !== 'delete') (await h.server()).send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await client.ended();
    return client.received.slice(9, 12);
  });
  expect(await Promise.all(outcomes)).toEqual(['200', '400', '200', '200']);
});

test('a tunnel has no path, so that no route by path takes it', async () => {
  const asked: RouteQuery[] = [];
  const h = await setUp({
    mode: 'forward',
    routesByPath: true,
    route: (query, usual) => {
      asked.push(query);
      return usual;
    },
  });
  const client = h.client();
  client.send('CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n');
  const server = await h.server();
  await client.receive('HTTP/1.1 200 ');
  expect(asked).toMatchObject([{ method: 'CONNECT', path: undefined }]);
  server.connection.end();
  client.connection.end();
  await client.closed();
});
