import { definePlugin, NotImplementedError } from '@inband/core';
import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import * as z from 'zod';
import { byPlace, differences, hashes, planFor } from '../../../test-support/plans.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { readConfigFile } from '../../config/read/read-source.ts';
import { planOf } from './plan.ts';

const directed = (remote: string) => ({ type: 'directed', remote });

/** Nothing in it is left to a default that would matter below. */
const config = {
  zones: { office: ['192.0.2.0/24'], lab: { addresses: ['198.51.100.0/24'], parent: 'office' } },
  resolver: { type: 'dns', servers: ['192.0.2.53'], cache: { maxTtl: '1m' } },
  listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
  services: {
    web: {
      mode: 'reverse',
      access: [{ allow: { clients: 'office', reason: 'Ours.' } }, { deny: { methods: ['PUT'] } }],
      nat: [{ dnat: { to: '192.0.2.7', ports: 80 } }],
      http: { idleTimeout: '10s' },
      routes: [
        { match: { path: '/a', client: 'lab' }, chainer: directed('192.0.2.1:80') },
        { match: { path: '/b' }, chainer: { type: 'sidestack', service: 'guard', chainer: directed('192.0.2.2:80') } },
        { chainer: { type: 'failover', hosts: ['192.0.2.3:80', '192.0.2.4:80'] } },
      ],
    },
    guard: { proxy: 'tls' },
  },
};

const web = config.services.web;
const withWeb = (more: object) => ({ ...config, services: { ...config.services, web: { ...web, ...more } } });
const withRoutes = (...routes: readonly object[]) => withWeb({ routes });

describe('the hashes of a plan are the same', () => {
  let expected: Record<string, string>;
  beforeAll(async () => void (expected = hashes(await planFor(config))));

  test('whatever the order of keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (random) => {
        expect(hashes(await planFor(shuffled(config, random)))).toEqual(expected);
      }),
      { numRuns: runs(25) },
    );
  });

  test('in YAML with comments, in JSON and in TypeScript', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-plan-'));
    const json = JSON.stringify(config);
    const files = {
      'a.yaml': `# The same, as YAML has it.\n${JSON.stringify(config, null, 2)} # and no more\n`,
      'b.json': json,
      'c.ts': `const config: object = ${json};\nexport default config;\n`,
    };
    const found: Record<string, string>[] = [];
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
      found.push(hashes(planOf(await parseConfig(await readConfigFile(join(folder, name))))));
    }
    await rm(folder, { recursive: true });
    expect(found).toEqual([expected, expected, expected]);
  });

  test('whether defaults are written out or left out, and a single value as such or in a list', async () => {
    const { office } = config.zones;
    const [first, second] = web.access;
    const [byPath, stacking, others] = web.routes;
    const written = {
      ...config,
      workers: 1,
      transport: 'auto',
      log: { level: 'info' },
      shutdown: { grace: 30_000 },
      serverPool: { idleTimeout: '30s' },
      limits: { partialHeads: '64MiB', perClient: {} },
      plugins: [],
      zones: { ...config.zones, office: { addresses: office } },
      resolver: {
        ...config.resolver,
        tries: 3,
        cache: { maxTtl: 60_000, failureTtl: '5s' },
        limits: { waiting: 4096 },
      },
      services: {
        web: {
          ...web,
          proxy: 'http',
          access: [{ allow: { ...first?.allow, clients: ['office'] } }, second],
          http: { idleTimeout: '10s', headerTimeout: '10s', forwarded: 'x-forwarded', responseTimeout: '1m' },
          routes: [
            { ...byPath, chainer: { ...byPath?.chainer, connectTimeout: '10s', forgeAddr: false } },
            {
              ...stacking,
              chainer: { ...stacking?.chainer, chainer: { ...directed('192.0.2.2:80'), forgeAddr: false } },
            },
            { match: {}, chainer: { ...others?.chainer, policy: 'rotate', stateTimeout: '1m' } },
          ],
        },
        guard: { proxy: 'tls', mode: 'transparent', access: [], nat: [], tls: { helloTimeout: '10s' }, routes: [{}] },
      },
    };
    expect(hashes(await planFor(written))).toEqual(expected);
  });

  test('however often it is planned, and nothing is made or changed by that', async () => {
    const parsed = await parseConfig({ value: config, baseDirectory: '/' });
    const before = JSON.stringify(parsed.config);
    expect(hashes(planOf(parsed))).toEqual(hashes(planOf(parsed)));
    expect(JSON.stringify(parsed.config)).toBe(before);
  });
});

describe('the order', () => {
  test('of routes counts', async () => {
    const [one, two, three] = web.routes;
    const changed = differences(await planFor(config), await planFor(withRoutes(two!, one!, three!)));
    expect(changed).toContain('service services.web');
    expect(changed).not.toContain('route services.web.routes[2]');
  });

  test('of rules counts', async () => {
    expect(differences(await planFor(config), await planFor(withWeb({ access: web.access.toReversed() })))).toEqual([
      'listener listeners[0]',
      'policy services.web.access',
      'proxy services.web',
      'service services.web',
    ]);
  });

  test('of zones counts only where two may hold the same: the first one has it', async () => {
    const plain = { a: ['192.0.2.0/24'], b: ['198.51.100.0/24'] };
    const named = { ...plain, b: { hosts: ['b.example'] } };
    const turned = (zones: object) => Object.fromEntries(Object.entries(zones).toReversed());
    const tableOf = async (zones: object) => {
      const simple = withWeb({ access: [], routes: [{ chainer: directed('192.0.2.1:80') }] });
      return hashes(await planFor({ ...simple, zones }))['zone-table zones'];
    };
    expect(await tableOf(turned(plain))).toBe(await tableOf(plain));
    expect(await tableOf(turned(named))).not.toBe(await tableOf(named));
  });
});

describe('what a change of one thing changes beside it', () => {
  test('a zone is part of all that evaluates addresses, and of no built-in chainer', async () => {
    const zones = { ...config.zones, far: ['203.0.113.0/24'] };
    expect(differences(await planFor(config), await planFor({ ...config, zones }))).toEqual(
      [
        'listener listeners[0]',
        'nat services.web.nat',
        'policy services.guard.access',
        'policy services.web.access',
        'proxy services.guard',
        'proxy services.web',
        // It stacks a service with rules of its own.
        'chainer services.web.routes[1].chainer',
        'route services.web.routes[0]',
        'route services.web.routes[1]',
        'service services.guard',
        'service services.web',
        'zone zones.far',
        'zone-table zones',
      ].toSorted(),
    );
  });

  test('a service that is stacked is part of what stacks it', async () => {
    const services = { ...config.services, guard: { proxy: 'tls', tls: { helloTimeout: '1s' } } };
    expect(differences(await planFor(config), await planFor({ ...config, services }))).toEqual([
      'chainer services.web.routes[1].chainer',
      'listener listeners[0]',
      'proxy services.guard',
      'proxy services.web',
      'route services.web.routes[1]',
      'service services.web',
    ]);
  });

  test('the resolver is part of every chainer, and of the zones that have names', async () => {
    const resolver = { type: 'system' };
    const changed = differences(await planFor(config), await planFor({ ...config, resolver }));
    expect(changed.filter((place) => place.startsWith('chainer'))).toHaveLength(5);
    expect(changed).not.toContain('zone-table zones');
    const zones = { ...config.zones, named: { hosts: ['a.example'] } };
    const named = differences(await planFor({ ...config, zones }), await planFor({ ...config, zones, resolver }));
    expect(named).toContain('zone-table zones');
  });

  test('a route that moves takes its chainer along', async () => {
    const before = await planFor(config);
    const after = await planFor(
      withRoutes({ match: { path: '/new' }, chainer: directed('192.0.2.9:80') }, ...web.routes),
    );
    const chainers = (plan: typeof before) => plan.all.filter(({ kind }) => kind === 'chainer').map(({ hash }) => hash);
    expect(chainers(after)).toEqual(expect.arrayContaining(chainers(before)));
    expect(chainers(after)).toHaveLength(chainers(before).length + 1);
  });

  test('the socket of a listener stays whatever its service is', async () => {
    const changed = differences(await planFor(config), await planFor(withWeb({ http: {} })));
    expect(changed).toEqual(['listener listeners[0]', 'proxy services.web']);
  });
});

test('everything stands behind all that it refers to, and no two have the same hash', async () => {
  const same = { chainer: directed('192.0.2.1:80') };
  const routes = [{ ...same, match: { path: '/' } }, { ...same, match: { path: '/a' } }, same];
  const { all } = await planFor(withRoutes(...routes));
  const seen = new Set<string>();
  for (const { hash, value } of all) {
    for (const [ref] of JSON.stringify(value).matchAll(/[0-9a-f]{64}/g)) expect(seen).toContain(ref);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(seen).not.toContain(hash);
    seen.add(hash);
  }
});

test('every value is read-only', async () => {
  for (const { kind, value } of (await planFor(config)).all) {
    expect(Object.isFrozen(value)).toBe(true);
    // The options of a plugin are its own.
    if (kind !== 'chainer' && kind !== 'resolver') expect(everyFrozen(value)).toBe(true);
  }
});

test('what a program passes as its configuration is not frozen', async () => {
  const passed = structuredClone(config);
  await planFor(passed);
  expect(anyFrozen(passed)).toBe(false);
});

describe('a plugin', () => {
  const schema = z.strictObject({ how: z.unknown() });
  const plugin = (kind: string, nested: readonly string[] = []) =>
    definePlugin({
      provides: 'chainer',
      kind,
      schema: nested.length > 0 ? z.looseObject({}) : schema,
      nested,
      create: () => ({ kind, connectServer: () => Promise.reject(new NotImplementedError(kind)) }),
    });
  const mine = plugin('mine');
  const using = (how: unknown, plugins = [mine]) => ({
    ...withRoutes({ chainer: { type: 'mine', how } }),
    plugins,
  });
  const hashOf = async (how: unknown, plugins = [mine]) =>
    hashes(await planFor(using(how, plugins)))['chainer services.web.routes[0].chainer'];

  test('is part of the chainers that it makes, as the object that it is', async () => {
    expect(await hashOf(1)).toBe(await hashOf(1));
    expect(await hashOf(1, [plugin('mine')])).not.toBe(await hashOf(1));
    expect(differences(await planFor(config), await planFor({ ...config, plugins: [mine] }))).toEqual([]);
  });

  test('may have options that only their identity tells apart', async () => {
    const [one, other] = [() => 1, () => 1];
    expect(await hashOf({ one })).toBe(await hashOf({ one }));
    expect(await hashOf({ one })).not.toBe(await hashOf({ one: other }));
    const [store, another] = [new Store(), new Store()];
    expect(await hashOf([store])).toBe(await hashOf([store]));
    expect(await hashOf([store])).not.toBe(await hashOf([another]));
  });

  test('gets its options as its schema made them, and may change them', async () => {
    const options = { list: [] };
    const planned = byPlace(await planFor(using(options))).get('chainer services.web.routes[0].chainer');
    expect(planned?.value).toMatchObject({ options: { how: options } });
    expect(Object.isFrozen(options.list)).toBe(false);
  });

  test('has the chainers that are nested in it as parts, not as they were written', async () => {
    const around = plugin('around', ['one', 'many']);
    const nest = (more: object) => ({
      ...withRoutes({
        chainer: { type: 'around', one: directed('192.0.2.1:80'), many: [{ type: 'inband', ...more }] },
      }),
      plugins: [around],
    });
    const plain = await planFor(nest({}));
    expect(differences(plain, await planFor(nest({ connectTimeout: '10s' })))).toEqual([]);
    expect(differences(plain, await planFor(nest({ connectTimeout: '9s' })))).toEqual([
      'chainer services.web.routes[0].chainer',
      'chainer services.web.routes[0].chainer.many[0]',
      'listener listeners[0]',
      'proxy services.web',
      'route services.web.routes[0]',
      'service services.web',
    ]);
  });

  test('that says nothing about zones depends on all of them', async () => {
    const zones = { ...config.zones, far: ['203.0.113.0/24'] };
    const changed = differences(await planFor(using(1)), await planFor({ ...using(1), zones }));
    expect(changed).toContain('chainer services.web.routes[0].chainer');
  });
});

describe('the files of zones', () => {
  let folder = '';
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'inband-plan-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const withFile = { ...config, zones: { ...config.zones, listed: { file: 'networks.txt' } } };

  test('count by their paths: what is in them is followed while the program runs', async () => {
    await writeFile(join(folder, 'networks.txt'), '203.0.113.0/24\n');
    const before = await planFor(withFile, folder);
    await writeFile(join(folder, 'networks.txt'), '203.0.113.0/25\n');
    expect(differences(before, await planFor(withFile, folder))).toEqual([]);
  });
});

/** The same with the keys of every mapping in an order at random. */
function shuffled(value: unknown, random: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => ({ key, inner, at: Number(random.next().value) }));
  entries.sort((one, other) => one.at - other.at);
  return Object.fromEntries(entries.map(({ key, inner }) => [key, shuffled(inner, random)]));
}

function anyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.isFrozen(value) || Object.values(value).some(anyFrozen);
}

function everyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(everyFrozen);
}

class Store {
  readonly kept = 0;
}
