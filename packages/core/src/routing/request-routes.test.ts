import { afterEach, describe, expect, test, vi } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { type Connection, ignoreEvents } from '../base/connection.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import type { LookedAtRequest } from '../conditions/request-condition.ts';
import { AddressZones } from '../zones/zones.ts';
import type { Chainer } from './chainer.ts';
import { compileRoutes, type RouteMatch } from './routes.ts';

const chainer: Chainer = { kind: 'none', connectServer: () => Promise.reject(new Error('not called')) };
const listener = inetAddr('127.0.0.1', 3128)!;
const connection: Connection = {
  local: listener,
  remote: listener,
  handler: ignoreEvents,
  queued: 0,
  write: () => true,
  pause() {},
  resume() {},
  end() {},
  destroy() {},
};

function compile(...matches: (RouteMatch | undefined)[]): ReturnType<typeof compileRoutes> {
  return compileRoutes(
    matches.map((match, index) => ({ name: `routes[${index}]`, match, chainer })),
    new AddressZones(),
  );
}

/** The index of the route that a request takes. */
function chosen(
  matches: readonly (RouteMatch | undefined)[],
  path: string | undefined,
  asked?: LookedAtRequest,
): number {
  const routes = compile(...matches);
  const found = routes.route({
    target: { host: 'a.example', port: 80 },
    method: 'GET',
    path,
    client: { id: 1, connection, address: listener, local: listener, listener },
    met: asked && new Set(routes.conditions.filter((condition) => condition.isMetBy(asked))),
  });
  return found === undefined ? -1 : Number(/\d+/.exec(found.name)?.[0]);
}

function request(target: string, fields: Readonly<Record<string, string>> = {}): LookedAtRequest {
  const valuesOf = (name: string): string[] => [fields[name] ?? []].flat();
  return { target, valuesOf, valuesLike: valuesOf };
}

test.each<[RouteMatch['path'], string | undefined, boolean]>([
  [['/a/', '/b/'], '/b/x', true],
  [['/a/', '/b/'], '/c', false],
  ['/*.js', '/dir/x.js', true],
  ['/*.js', '/dir/x.json', false],
  ['/api/*/users', '/api/7/users', true],
  ['/api/*/users', '/api/7/users/8', false],
  [['*.png', '/img/'], '/img/x', true],
  [['*.png', '/img/'], '/x.png', true],
  ['*', '/', true],
  ['*.png', undefined, false],
  ['*', undefined, false],
])('the path %j, where the request has %j', (path, asked, expected) => {
  expect(chosen([{ path }], asked)).toBe(expected ? 0 : -1);
});

test('the first route that matches is taken, whether it has a prefix or a pattern', () => {
  const matches: RouteMatch[] = [{ path: '/a/b/c' }, { path: ['/a/*.png', '/z'] }, { path: '/a/' }, { path: '*.png' }];
  expect(['/a/b/c.png', '/a/x.png', '/zebra', '/a/x', '/b/x.png', '/b'].map((path) => chosen(matches, path))).toEqual([
    0, 1, 1, 2, 3, -1,
  ]);
});

test('a request takes a route only if it surely meets its conditions, and a tunnel takes none with any', () => {
  const matches = [{ field: { 'x-beta': true } }, { query: { v: ['2'] } }, { cookie: { beta: ['1'] } }, undefined];
  expect(chosen(matches, undefined, request('/', { 'x-beta': '' }))).toBe(0);
  expect(chosen(matches, undefined, request('/?v=2'))).toBe(1);
  expect(chosen(matches, undefined, request('/?v=2&v=1'))).toBe(3);
  expect(chosen(matches, undefined, request('/', { cookie: 'beta=1' }))).toBe(2);
  expect(
    chosen(matches, undefined, { target: undefined, valuesOf: () => undefined, valuesLike: () => undefined }),
  ).toBe(3);
  expect(chosen(matches, undefined)).toBe(3);
});

test("a client's last route is forgotten only where routes have conditions that may change", () => {
  expect(compile({ path: '*.png', method: 'GET' }).routesVary).toBe(false);
  expect(compile({ when: [{ days: ['mon'] }] }).routesVary).toBe(true);
  expect(compile({ cookie: { a: true } }).routesVary).toBe(true);
  expect(compile({ path: '*.png' }, undefined).routesByPath).toBe(true);
});

describe('at its times', () => {
  afterEach(() => vi.useRealTimers());

  test('a route is taken', () => {
    const matches = [{ when: [{ time: ['22:00-06:00'] }] }, undefined];
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 28, 23), toFake: ['Date'] });
    expect(chosen(matches, '/')).toBe(0);
    vi.setSystemTime(Date.UTC(2026, 10, 29, 6));
    expect(chosen(matches, '/')).toBe(1);
  });
});

test.each<[RouteMatch, string]>([
  [{ path: '/a/../*' }, 'match.path'],
  [{ path: ['/a', 'b'] }, 'match.path[1]'],
  [{ field: { ':': true } }, 'match.field.:'],
  [{ cookie: {} }, 'match.cookie'],
  [{ query: { a: [] } }, 'match.query.a'],
  [{ when: [] }, 'match.when'],
  [{ when: [{ days: ['monday-freitag'] }] }, 'match.when[0].days[0]'],
])('%j is refused, at its place', (match, place) => {
  expect(() => compile(match)).toThrow(PolicyConfigurationError);
  expect(() => compile(match)).toThrow(expect.objectContaining({ setting: `routes[0].${place}` }));
});
