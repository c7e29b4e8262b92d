import { expect, test } from 'vitest';
import { address } from '../../test-support/memory-http.ts';
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
