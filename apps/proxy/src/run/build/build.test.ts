import {
  definePlugin,
  LimitStates,
  ProxyError,
  Timers,
  WaitingBytes,
  type Chainer,
  type ChainerDeps,
} from '@inband/core';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { parseConfig } from '../../config/parse-config.ts';
import { formatPath } from '../../config/problem/problem.ts';
import { silentLogger } from '../../log/logging.ts';
import { planOf } from '../plan/plan.ts';
import { Build } from './build.ts';

async function build(value: object) {
  const parsed = await parseConfig({ value, baseDirectory: '/' });
  const { registry, zoneLists, hostLists, prepared } = parsed;
  const timers = new Timers();
  const never = () => Promise.reject(new ProxyError('proxy_internal_error', 'A test does not connect.'));
  const plan = planOf(parsed);
  const deps = {
    establisher: () => never,
    timers,
    logger: silentLogger,
    forgeAddrProblem: () => undefined,
    registry,
    zoneLists,
    hostLists,
    prepared,
    waitingBytes: new WaitingBytes(),
    limitStates: new LimitStates(),
    pseudonym: 'inband-test',
  };
  const built = new Build(plan, deps);
  const close = () => {
    built.close();
    timers.close();
  };
  const problems = built.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
  return { plan, built, deps, problems, close };
}

/** A chainer that notes what it is given, and whether it is closed. */
class Noted implements Chainer {
  readonly kind = 'noted';
  readonly nested: readonly Chainer[];
  closed = 0;

  constructor(nested: readonly Chainer[]) {
    this.nested = nested;
  }

  connectServer = () => Promise.reject(new ProxyError('proxy_internal_error', 'It does not connect.'));

  close(): void {
    this.closed += 1;
  }
}

const noted = (create: (deps: ChainerDeps) => Chainer, more: object = {}) =>
  definePlugin<object>({
    provides: 'chainer',
    kind: 'noted',
    schema: z.looseObject({}),
    nested: ['inner'],
    create: (_options, deps) => create(deps),
    ...more,
  });

function makeWithZones({ zones }: ChainerDeps): Noted {
  expect(zones.has('private')).toBe(true);
  return new Noted([]);
}

const web = (plugin: object, ...chainers: readonly object[]) => ({
  plugins: [plugin],
  listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
  services: {
    web: { mode: 'reverse', routes: chainers.map((chainer, index) => ({ match: { path: `/${index}` }, chainer })) },
  },
});

test('everything is made once, and found by the hash of what it was made from', async () => {
  const plain = { type: 'noted', inner: { type: 'noted' } };
  const { plan, built, problems, close } = await build(
    web(
      noted(() => new Noted([])),
      plain,
      plain,
    ),
  );
  expect(problems).toEqual([]);
  const made = Object.entries(built.made).flatMap(([kind, map]) => [...map.keys()].map((hash) => `${kind} ${hash}`));
  const parts = plan.all.filter(({ kind }) => !['setting', 'socket', 'listener'].includes(kind));
  expect(made.toSorted()).toEqual(parts.map(({ kind, hash }) => `${kind} ${hash}`).toSorted());
  // Two routes with the same chainer have one each: what one learns of its servers is not the other's.
  expect(new Set(built.made.chainer.values()).size).toBe(4);
  close();
});

test('a nested chainer is the same however often it is asked for, and closed once', async () => {
  let isFirst = true;
  const plugin = noted((deps) => {
    // The nested one is made first.
    if (!isFirst) return new Noted([deps.nestedChainer('inner'), deps.nestedChainer('inner')]);
    isFirst = false;
    return new Noted([]);
  });
  const { built, close } = await build(web(plugin, { type: 'noted', inner: { type: 'noted' } }));
  const all = [...built.made.chainer.values()].filter((chainer) => chainer instanceof Noted);
  const [inner, outer] = all;
  expect(outer?.nested).toEqual([inner, inner]);
  close();
  expect(all.map(({ closed }) => closed)).toEqual([1, 1]);
});

test('chainers are started once, also by a build that keeps them, and a defect of one stops no other', async () => {
  const told: string[] = [];
  let made = 0;
  const plugin = noted(() => {
    const name = `${(made += 1)}`;
    return Object.assign(new Noted([]), {
      start: () => {
        told.push(name);
        if (name === '1') throw new Error('a defect');
      },
    });
  });
  const { plan, built, deps, close } = await build(web(plugin, { type: 'noted' }, { type: 'noted', other: 1 }));
  expect(told).toEqual([]);
  built.startChainers();
  const next = new Build(plan, deps, built);
  next.startChainers();
  expect(told).toEqual(['1', '2']);
  next.close();
  close();
});

test('a plugin that says it uses no zones is not given any', async () => {
  const asking = (more: object) => noted((deps) => makeWithZones(deps), more);
  const used = await build(web(asking({}), { type: 'noted' }));
  expect(used.problems).toEqual([]);
  used.close();
  const { problems, close } = await build(web(asking({ usesZones: false }), { type: 'noted' }));
  expect(problems).toEqual([
    'services.web.routes[0].chainer: the plugin "noted" says "usesZones: false", and uses zones.',
  ]);
  close();
});

test('what cannot be made is told once, with whatever else cannot be made', async () => {
  const plugin = noted((deps) => {
    deps.nestedChainer('inner');
    throw new ProxyError('proxy_configuration_error', 'It never works.');
  });
  const config = web(plugin, { type: 'noted', inner: { type: 'inband' } }, { type: 'inband' });
  const services = {
    ...config.services,
    // Stacks what does not work, and has a problem of its own.
    outer: {
      mode: 'forward',
      access: [{ allow: { hosts: ['*a'] } }],
      routes: [{ chainer: { type: 'sidestack', service: 'web', chainer: { type: 'inband' } } }],
    },
  };
  const { problems, built, close } = await build({
    ...config,
    services,
    listeners: [{ bind: ':0', service: 'outer' }],
  });
  expect(problems).toEqual([
    expect.stringMatching(/^services\.web\.routes\[0\]\.chainer: It never works\.$/),
    expect.stringMatching(/^services\.outer\.access\[0\]\.allow\.hosts\[0\]: /),
  ]);
  expect([...built.proxies.keys()]).toEqual([]);
  close();
});

test('what browsers cannot be told to reach directly is a problem of its place', async () => {
  const http = { pacDirect: ['a.example', '10.0.0.0/33'] };
  const routes = [{ chainer: { type: 'inband' } }];
  const { problems, close } = await build({
    listeners: [{ bind: '127.0.0.1:3128', service: 'a' }],
    services: { a: { mode: 'forward', http, routes } },
  });
  close();
  expect(problems).toEqual([expect.stringContaining('services.a.http.pacDirect[1]: ')]);
});

test('a plugin prepares its chainers when the configuration is loaded, and gets that when they are made', async () => {
  const got: unknown[] = [];
  const plugin = definePlugin<{ name: string }, string>({
    provides: 'chainer',
    kind: 'prepared',
    schema: z.strictObject({ name: z.string() }),
    async prepare({ name }, { baseDirectory }) {
      if (name === 'bad')
        throw new ProxyError('proxy_configuration_error', 'no such file', { setting: 'chainer.name' });
      return Promise.resolve(baseDirectory + name);
    },
    create(_options, _deps, prepared) {
      got.push(prepared);
      return new Noted([]);
    },
  });
  const { close } = await build(web(plugin, { type: 'prepared', name: 'a' }, { type: 'prepared', name: 'b' }));
  expect(got).toEqual(['/a', '/b']);
  close();
  await expect(build(web(plugin, { type: 'prepared', name: 'bad' }))).rejects.toThrow(
    'services.web.routes[0].chainer.name: no such file',
  );
});

test('a route is compiled once: a service has what was checked', async () => {
  const routes = [
    { match: { host: 'a.example', method: 'GET' }, chainer: { type: 'inband' } },
    { chainer: { type: 'inband' } },
  ];
  const { built, problems, close } = await build({
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes } },
  });
  expect(problems).toEqual([]);
  const [service] = built.made.service.values();
  const compiled = Array.from(built.made.route.values(), ({ route }) => route);
  expect(compiled).toHaveLength(routes.length);
  for (const route of compiled) expect(service?.routeNamed?.(route.name)).toBe(route);
  close();
});
