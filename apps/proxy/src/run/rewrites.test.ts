import { createMemoryNetwork, formatSockAddr } from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import { createInband } from '../single/inband.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import { explain } from '../explain/explain.ts';

const chainer = { type: 'directed', remote: '10.0.0.1:80' };

function config(route: object): Record<string, unknown> {
  return {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [route, { chainer }] } },
  };
}

const API = { match: { path: '/api/' }, rewrite: { path: '/v1/', host: 'api.internal' }, chainer };

test('explain says what the server is sent', async () => {
  const value = config(API);
  const parsed = await parseConfig({ value, baseDirectory: '/' });
  const client = address('127.0.0.1', 4000);
  const query = { client, listener: 0, method: 'GET', url: 'http://shop.example/x/../api/a?b' };
  expect(await explain(parsed, { value, baseDirectory: '/' }, query)).toMatchObject({
    route: 'services.web.routes[0]',
    rewritten: '/v1/a?b at api.internal',
  });
  const other = { ...query, url: 'http://shop.example/' };
  expect(await explain(parsed, { value, baseDirectory: '/' }, other)).not.toHaveProperty('rewritten');
});

test.each<[object, string]>([
  [{ ...API, match: {} }, 'routes[0].rewrite.path: this takes the place of "match.path"'],
  [{ ...API, match: { path: '/api' } }, 'have to end with a slash both'],
  [
    { ...API, rewrite: { path: '/v1/../' } },
    'rewrite.path: expected a path that begins with one "/", without a query and dot segments; did you mean "/"?',
  ],
  [{ ...API, rewrite: { path: '//evil.example/' } }, 'rewrite.path: expected a path'],
  [{ ...API, rewrite: { path: 'v1/' } }, 'rewrite.path: expected a path'],
  [{ ...API, rewrite: { path: '/v1/?a' } }, 'rewrite.path: expected a path'],
  [{ ...API, rewrite: { host: 'a b' } }, 'rewrite.host: expected a host'],
  [{ ...API, rewrite: { host: 'user@a.example' } }, 'rewrite.host: expected a host'],
  [{ ...API, rewrite: { host: 'a.example/x' } }, 'rewrite.host: expected a host'],
  [{ ...API, rewrite: {} }, 'rewrite: expected "path", "host" or both'],
])('%j is refused at its place', async (route, expected) => {
  const error: unknown = await parseConfig({ value: config(route), baseDirectory: '/' }).catch(
    (caught: unknown) => caught,
  );
  expect(error instanceof ConfigError && error.problems.join('\n')).toContain(expected);
});

test('a route without a server rewrites nothing, and is told so', async () => {
  const { chainer: _none, ...rest } = API;
  const value = config({ ...rest, respond: { body: 'a' } });
  const { warnings } = await parseConfig({ value, baseDirectory: '/' });
  expect(warnings).toEqual([expect.stringContaining('routes[0].rewrite: warning: this has no effect')]);
});

/** Sends a request to a forward proxy with one route, and returns what the server at 10.0.0.9:80 got, and where the proxy has connected to. */
async function forwarded(route: object, head: string): Promise<{ readonly got: string; readonly dialled: string[] }> {
  const network = createMemoryNetwork();
  const value = {
    listeners: [{ bind: '127.0.0.1:8080', service: 'out' }],
    services: {
      out: { mode: 'forward' as const, access: [{ allow: { hosts: '*.example' } }, { deny: {} }], routes: [route] },
    },
  };
  const inband = await createInband(value, { transport: network.transport(), onSession: () => undefined });
  let got = '';
  const server = await network.transport().listen(address('10.0.0.9', 80), {}, (connection) => {
    connection.handler = {
      data(bytes, start, end) {
        got += bytes.toString('latin1', start, end);
        connection.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
        connection.end();
      },
      drained() {},
      ended() {},
      closed() {},
    };
    connection.resume();
  });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await server.close();
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  await exchange(network, '127.0.0.1', address('127.0.0.1', 8080), head);
  return { got, dialled: network.dialled.slice(1).map(formatSockAddr) };
}

test('a parent is asked for what is rewritten, and policy for what the client asked for', async () => {
  const parent = { type: 'parent', protocol: 'http', servers: ['10.0.0.9:80'] };
  const route = { match: { path: '/api/' }, rewrite: { path: '/v1/', host: 'api.internal:8443' }, chainer: parent };
  const { got } = await forwarded(
    route,
    'GET http://shop.example/api/a?b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
  );
  expect(got).toMatch(/^GET http:\/\/api\.internal:8443\/v1\/a\?b HTTP\/1\.1\r\nHost: api\.internal:8443\r\n/);
});

test.each([
  ['CONNECT shop.example:80', '10.0.0.9', '10.0.0.9:80'],
  ['GET http://shop.example:81/', '10.0.0.9:80', '10.0.0.9:80'],
])('%s of a client goes to the host that the route has in its place', async (line, host, server) => {
  const target = line.split(' ')[1] ?? '';
  const named = /^http:\/\/([^/]*)/.exec(target)?.[1] ?? target;
  const { dialled } = await forwarded(
    { rewrite: { host }, chainer: { type: 'inband' } },
    `${line} HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n${line.startsWith('CONNECT') ? 'hello' : ''}`,
  );
  expect(dialled).toEqual([server]);
});
