// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import { expect, test } from 'vitest';
import { pluginUses } from '../plugins/plugin-uses.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { Names } from '../problem/names.ts';
import { configSchema } from '../schema/schema.ts';
import { checkStacking } from './chainers/stacking.ts';
import { referencesOf } from './check-references.ts';
import { circlesOf } from '../problem/circles.ts';
import { crossCheck } from './cross-check.ts';

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const mapping = (count: number, make: (index: number) => readonly [string, unknown]): Record<string, unknown> =>
  Object.fromEntries(many(count, make));

const bind = (index: number): string => `127.0.0.1:${1000 + index}`;
const listeners = [{ bind: bind(0), service: 'web' }];
const directed = (port = 80): object => ({ type: 'directed', remote: `10.0.0.1:${port}` });
const parent = (index: number, then?: object): object => ({
  match: { host: `h${index}.example` },
  chainer: { type: 'parent', protocol: 'http', servers: ['10.0.0.1:80'], ...(then && { then }) },
});
const routed = (mode: string, routes: unknown[], access: unknown[] = []): Record<string, unknown> => ({
  listeners,
  services: { web: { mode, access, routes } },
});

/** What there may be tens of thousands of, each with what refers to it. */
const SHAPES: Record<string, (count: number) => Record<string, unknown>> = {
  routes: (count) =>
    routed(
      'reverse',
      many(count, (i) => ({ match: { host: `h${i}.example`, path: '/a' }, chainer: directed() })),
    ),
  parents: (count) =>
    routed(
      'forward',
      many(count, (i) => parent(i)),
    ),
  'parents and rules about addresses': (count) =>
    routed(
      'forward',
      many(count, (i) => parent(i)),
      many(count, () => ({ deny: { servers: ['private'] } })),
    ),
  'parents with chainers of their own': (count) =>
    routed(
      'forward',
      many(count, (i) => parent(i, { type: 'directed', remote: '10.0.0.1:80', local: '10.0.0.2' })),
    ),
  'named chainers that routes use': (count) => ({
    ...routed(
      'forward',
      many(count, (i) => ({ match: { host: `h${i}.example` }, chainer: `c${i}` })),
    ),
    chainers: mapping(count, (i) => [`c${i}`, directed(0)]),
  }),
  'named chainers that nothing uses': (count) => ({
    ...routed('reverse', [{ chainer: directed() }]),
    chainers: mapping(count, (i) => [`c${i}`, directed()]),
  }),
  'a circle of named chainers': (count) => ({
    ...routed('reverse', [{ chainer: 'c0' }]),
    chainers: mapping(count, (i) => [`c${i}`, { type: 'sidestack', service: 'web', chainer: `c${(i + 1) % count}` }]),
  }),
  'services with listeners': (count) => ({
    listeners: many(count, (i) => ({ bind: i % 2 ? bind(i) : `unix:/tmp/${i}`, service: `s${i}` })),
    services: mapping(count, (i) => {
      const routes = [{ chainer: { ...directed(0), forgeAddr: true } }];
      return [`s${i}`, { mode: 'forward', auth: { type: 'basic', users: { ann: '' } }, routes }];
    }),
  }),
  'services that are stacked in each other': (count) => ({
    listeners,
    services: {
      web: { mode: 'forward', routes: [{ chainer: stacked(0) }] },
      ...mapping(count, (i) => [`s${i}`, { mode: 'forward', routes: [{ chainer: stacked(i + 1) }] }]),
    },
  }),
  'zones within each other': (count) => ({
    ...routed('reverse', [], [{ deny: { clients: many(count, (i) => `z${i}`) } }]),
    zones: mapping(count, (i) => [`z${i}`, { addresses: ['10.0.0.0/8'], parent: `z${i + 1}` }]),
  }),
  'names that are passed to a guard': (count) => ({
    listeners: [
      { bind: bind(0), service: 'web', tls: { match: many(count, (i) => ({ names: `h${i}.a`, pass: 'guard' })) } },
    ],
    services: { guard: { proxy: 'tls', tls: { allow: many(count, (i) => `*.h${i}.a`) } } },
  }),
  'users, groups and rules': (count) => ({
    listeners,
    services: {
      web: {
        mode: 'forward',
        auth: {
          type: 'basic',
          users: mapping(count, (i) => [`u${i}`, '']),
          groups: { all: many(count, (i) => `u${i}`) },
        },
        access: many(count, (i) => ({ allow: { users: [`u${i}`] } })),
      },
    },
  }),
};

function stacked(index: number): object {
  return { type: 'sidestack', service: `s${index}`, chainer: { type: 'inband' } };
}

/** A value whose properties are counted when they are read, at any depth. */
function counted<T>(value: T, count: () => void): T {
  const seen = new WeakMap<object, object>();
  const wrap = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner;
    const known = seen.get(inner);
    if (known !== undefined) return known;
    const proxy = new Proxy(inner, {
      get(target, key) {
        count();
        return wrap(Reflect.get(target, key));
      },
    });
    seen.set(inner, proxy);
    return proxy;
  };
  return wrap(value) as T;
}

/** How many properties the checks read of a configuration, of the uses of plugins in it and of its references. */
async function reads(config: Record<string, unknown>): Promise<number> {
  const { registry } = await loadPlugins(undefined, '/');
  const uses = pluginUses(config, registry);
  const references = referencesOf(configSchema, config, uses, registry);
  let count = 0;
  const seen = counted({ config, uses, references }, () => (count += 1));
  crossCheck(seen.config, seen);
  checkStacking(seen.config, seen.uses, registry);
  return count;
}

test.each(Object.entries(SHAPES))('what is checked grows as the configuration does: %s', async (_name, make) => {
  const [few, more] = [await reads(make(25)), await reads(make(100))];
  expect(few).toBeGreaterThan(50);
  expect(more / few).toBeLessThan(4.4);
});

test('circles are found by two looks at each reference', () => {
  const look = (count: number): number => {
    let looks = 0;
    const edges = many(count, (i) => [`n${i}`, `n${(i + 1) % count}`] as const);
    const isCircular = circlesOf(counted(edges, () => (looks += 1)));
    expect(edges.every(isCircular)).toBe(true);
    return looks;
  };
  expect(look(4000) / look(1000)).toBeLessThan(4.1);
});

test('a circle is told from what leads to it, and from what lies between two', () => {
  const isCircular = circlesOf([
    ['in', 'a'],
    ['a', 'b'],
    ['b', 'a'],
    ['b', 'between'],
    ['between', 'c'],
    ['c', 'c'],
    ['c', 'out'],
  ]);
  const found = ['in a', 'a b', 'b a', 'b between', 'between c', 'c c', 'c out'].filter((edge) => {
    const [from = '', to = ''] = edge.split(' ');
    return isCircular([from, to]);
  });
  expect(found).toEqual(['a b', 'b a', 'c c']);
});

test('of many wrong names the first get a suggestion, and the others cost no comparison', () => {
  let compared = 0;
  const names = new Names(
    counted(
      many(2000, (i) => `name-${i}`),
      () => (compared += 1),
    ),
  );
  expect(names.unknown('user', 'nam-7')).toBe('unknown user "nam-7"; did you mean "name-7"?');
  compared = 0;
  const told = many(2000, (i) => names.unknown('user', `nme-${i}`));
  expect(told[0]).toBe('unknown user "nme-0"; did you mean "name-0"?');
  expect(told.at(-1)).toBe('unknown user "nme-1999".');
  expect(compared).toBeLessThan(200_000);
});
