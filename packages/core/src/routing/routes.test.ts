import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { inetAddr } from '../base/address.ts';
import type { Chainer } from './chainer.ts';
import { type Connection, ignoreEvents } from '../base/connection.ts';
import { parseCidr, parseIp } from '../base/ip.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { AddressZones } from '../zones/zones.ts';
import { normalisePath } from '../conditions/normalise-path.ts';
import { compileRoutes, type RouteMatch } from './routes.ts';
import type { RouteQuery } from './service.ts';

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
const zones = new AddressZones({ dmz: { addresses: ['192.168.0.0/24'] } });

function compile(matches: readonly (RouteMatch | undefined)[]) {
  return compileRoutes(
    matches.map((match, index) => ({ name: `routes[${index}]`, match, chainer })),
    zones,
  );
}

function query(
  host: string,
  more: { port?: number; method?: string; path?: string; client?: string } = {},
): RouteQuery {
  const address = inetAddr(more.client ?? '127.0.0.1', 40_000)!;
  return {
    target: { host, port: more.port ?? 80 },
    method: more.method ?? 'GET',
    path: more.path,
    client: { id: 1, connection, address, local: listener, listener },
  };
}

function chosen(matches: readonly (RouteMatch | undefined)[], asked: RouteQuery): string | undefined {
  return compile(matches).route(asked)?.name;
}

describe('a route', () => {
  test.each<[string, RouteMatch | undefined, RouteQuery, boolean]>([
    ['without a match', undefined, query('a.example'), true],
    ['with an empty match', {}, query('a.example'), true],
    ['of the same host', { host: 'A.example' }, query('a.EXAMPLE'), true],
    ['of the host with a trailing dot', { host: 'a.example' }, query('a.example.'), true],
    ['of another host', { host: 'a.example' }, query('b.example'), false],
    ['of a host below', { host: 'a.example' }, query('x.a.example'), false],
    ['of a suffix', { host: '*.example' }, query('x.a.example'), true],
    ['of the suffix itself', { host: '*.example' }, query('example'), false],
    ['of a host that only ends alike', { host: '*.example' }, query('myexample'), false],
    ['of a suffix and an address', { host: '*.0.0.1' }, query('127.0.0.1'), false],
    ['of an address in other words', { host: '[0:0::1]' }, query('::1'), true],
    ['of one of several hosts', { host: ['a.example', 'b.example'] }, query('b.example'), true],
    ['of the port', { port: 8080 }, query('a', { port: 8080 }), true],
    ['of another port', { port: [80, 443] }, query('a', { port: 8080 }), false],
    ['of the method', { method: ['GET', 'PUT'] }, query('a', { method: 'PUT' }), true],
    ['of another method', { method: 'GET' }, query('a', { method: 'HEAD' }), false],
    ['of the path', { path: '/api/' }, query('a', { path: '/api/x' }), true],
    ['of the path without its slash', { path: '/api/' }, query('a', { path: '/api' }), false],
    ['of characters that begin the path', { path: '/api' }, query('a', { path: '/apikeys' }), true],
    ['of a path in other words', { path: '/api/' }, query('a', { path: normalisePath('/x/../ap%69/y') }), true],
    ['of a path, for a request without one', { path: '/' }, query('a'), false],
    ['of the zone', { client: 'dmz' }, query('a', { client: '192.168.0.7' }), true],
    ['of another zone', { client: 'dmz' }, query('a', { client: '192.168.1.7' }), false],
    ['of the network', { client: ['::1', '192.168.1.0/24'] }, query('a', { client: '192.168.1.7' }), true],
    ['of host and port, one missing', { host: 'a', port: 81 }, query('a'), false],
  ])('is chosen, or not, by what it matches: requests %s', (_what, match, asked, expected) => {
    expect(chosen([match], asked)).toBe(expected ? 'routes[0]' : undefined);
  });

  test('is the first that matches, however it matches', () => {
    const matches = [{ path: '/x' }, { host: '*.example' }, { host: 'a.example' }, undefined];
    expect(chosen(matches, query('a.example', { path: '/x' }))).toBe('routes[0]');
    // An HTTP/1.0 request may name no host.
    expect(chosen(matches, query(''))).toBe('routes[3]');
    expect(chosen(matches, query('a.example', { path: '/y' }))).toBe('routes[1]');
    expect(chosen(matches, query('other', { path: '/y' }))).toBe('routes[3]');
  });

  test('carries its chainer', () => {
    expect(compile([undefined]).route(query('a'))?.chainer).toBe(chainer);
  });
});

test('the path is asked for only if some route looks at it', () => {
  expect(compile([{ host: 'a' }, undefined]).routesByPath).toBe(false);
  expect(compile([undefined, { path: '/' }]).routesByPath).toBe(true);
});

describe('an error in a match', () => {
  test.each<[RouteMatch, string, RegExp]>([
    [{ host: '*' }, 'routes[0].match.host[0]', /leave the list out/],
    [{ host: ['a', 'a.*'] }, 'routes[0].match.host[1]', /whole first label/],
    [{ host: 'http://a' }, 'routes[0].match.host[0]', /without scheme/],
    [{ host: 'bücher.example' }, 'routes[0].match.host[0]', /xn--/],
    [{ host: 'a b' }, 'routes[0].match.host[0]', /expected a name/],
    [{ host: [] }, 'routes[0].match.host', /matches nothing/],
    [{ port: 0 }, 'routes[0].match.port[0]', /1 to 65535/],
    [{ port: 65536 }, 'routes[0].match.port[0]', /1 to 65535/],
    [{ path: 'api' }, 'routes[0].match.path', /begin with a slash/],
    [{ path: '/api?x' }, 'routes[0].match.path', /no query/],
    [{ path: ['/a', '/api/./*'] }, 'routes[0].match.path[1]', /write "\/api\/\*"/],
    [{ path: '/%61pi/./' }, 'routes[0].match.path', /write "\/api\/"/],
    [{ path: '//api' }, 'routes[0].match.path', /write "\/api"/],
    [{ method: 'get' }, 'routes[0].match.method[0]', /write GET/],
    [{ method: 'G T' }, 'routes[0].match.method[0]', /not a method/],
    [{ client: 'dmzz' }, 'routes[0].match.client[0]', /the zones are dmz, public/],
    [{ client: '10.0.0.1/8' }, 'routes[0].match.client[0]', /bits set beyond/],
  ])('%j: says where and why', (match, setting, message) => {
    expect(() => compile([match])).toThrow(PolicyConfigurationError);
    expect(() => compile([match])).toThrow(
      expect.objectContaining({ setting, message: expect.stringMatching(message) }),
    );
  });
});

/** No value, one, or some of them. */
function some<T>(values: readonly T[]): fc.Arbitrary<T | T[] | undefined> {
  return fc.oneof(fc.constant(undefined), fc.constantFrom(...values), fc.subarray([...values], { minLength: 1 }));
}

function among<T extends string | number>(
  condition: T | readonly T[] | undefined,
  met: (value: T) => boolean,
): boolean {
  return condition === undefined || (typeof condition === 'object' ? condition.some(met) : met(condition));
}

function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function holdsClient(term: string, asked: RouteQuery): boolean {
  const { address } = asked.client;
  if (zones.has(term)) return zones.contains(term, address);
  const { bytes, prefix } = parseCidr(term)!;
  const inner = address.family === 'unix' ? new Uint8Array() : parseIp(address.address)!;
  return inner.length === bytes.length && bitsOf(inner).startsWith(bitsOf(bytes).slice(0, prefix));
}

function modelMatches(match: RouteMatch, asked: RouteQuery): boolean {
  const { host, port } = asked.target;
  return (
    among(match.host as string | readonly string[] | undefined, (pattern) =>
      pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern,
    ) &&
    among(match.port, (candidate) => candidate === port) &&
    among(match.method, (candidate) => candidate === asked.method) &&
    among(match.client, (term) => holdsClient(term, asked)) &&
    among(match.path, (prefix) => asked.path!.startsWith(prefix))
  );
}

describe('against a linear model', () => {
  const hosts = ['a.example', 'b.example', 'example', 'x.a.example', 'deep.x.a.example', '127.0.0.1', 'other'];
  const patterns = [...hosts, '*.example', '*.a.example', '*.x.a.example', '*.other'];
  const clients = ['127.0.0.1', '192.168.0.7', '192.168.1.7', '10.0.0.1', '::1'];
  const clientTerms = ['dmz', '127.0.0.0/8', '192.168.0.0/16', '192.168.0.7', '::/0', 'private', 'loopback'];

  const matchOf = fc.record({
    host: some(patterns),
    port: some([80, 81]),
    path: fc.constantFrom(undefined, undefined, '/', '/a', '/a/b', ['/a/b', '/']),
    method: some(['GET', 'PUT']),
    client: some(clientTerms),
  });
  const queryOf = fc
    .record({
      host: fc.constantFrom(...hosts),
      port: fc.constantFrom(80, 81, 82),
      path: fc.constantFrom('/', '/a', '/a/b/c'),
      method: fc.constantFrom('GET', 'PUT', 'POST'),
      client: fc.constantFrom(...clients),
    })
    .map(({ host, ...more }) => query(host, more));

  test('the same route is chosen, for many queries in a row', () => {
    fc.assert(
      fc.property(
        fc.array(matchOf, { maxLength: 12 }),
        fc.array(queryOf, { minLength: 1, maxLength: 8 }),
        (matches, asked) => {
          const routes = compile(matches);
          for (const one of asked) {
            const index = matches.findIndex((match) => modelMatches(match, one));
            expect(routes.route(one)?.name).toBe(index === -1 ? undefined : `routes[${index}]`);
          }
        },
      ),
      { numRuns: runs(1000) },
    );
  });
});

test('says what its chainers need of requests and answers', () => {
  const needs = (more: Partial<Chainer>): unknown => {
    const definitions = [chainer, { ...chainer, ...more }].map((each, index) => {
      return { name: `routes[${index}]`, match: undefined, chainer: each };
    });
    const { looksAtRequests, changesFields } = compileRoutes(definitions, zones);
    return { looksAtRequests, changesFields };
  };
  expect(needs({})).toEqual({ looksAtRequests: false, changesFields: false });
  expect(needs({ looksAtRequest: true })).toEqual({ looksAtRequests: true, changesFields: false });
  expect(needs({ ownCookie: 'srv' })).toEqual({ looksAtRequests: false, changesFields: true });
  expect(needs({ answerFields: () => undefined })).toEqual({ looksAtRequests: false, changesFields: true });
});
