import { type Chainer, formatSockAddr, ProxyError, type Session } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import type { CheckOptions } from './options/health-options.ts';
import { PoolChainer, type PoolOptions, poolPlugin, type PoolServerOptions } from './pool-chainer.ts';

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;
const REFUSED = { does: 'fail', code: 'connection_refused' } as const;
const ACCEPTS = { does: 'accept' } as const;
const WELL = { status: 200, wait: 1, error: undefined, reused: false };
const LOST = new ProxyError('connection_terminated', 'Nothing came.');
const TCP: CheckOptions = { type: 'tcp', interval: 10_000, timeout: 2_000, fall: 3, rise: 2 };

let network: FakeNetwork;
let lines: string[];
let chainer: PoolChainer | undefined;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  network = new FakeNetwork();
  for (const address of [a, b, c]) network.on(address, ACCEPTS);
  lines = [];
});

afterEach(() => {
  chainer?.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

type Listed = Omit<PoolServerOptions, 'address'> & { readonly at: string };

function pool(listed: readonly (string | Listed)[], options: Partial<PoolOptions> = {}): PoolChainer {
  const servers = listed.map((each) => {
    const { at, ...how } = typeof each === 'string' ? { at: each } : each;
    return { address: parseServerAddress(at), ...how };
  });
  const { establishConnection } = network;
  const tell = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { debug: tell, info: tell, warn: tell, error: tell };
  const deps = { establishConnection, resolver: new FakeResolver({}), logger };
  chainer = new PoolChainer({ balance: 'round-robin', slowStart: 0, ...options, servers }, deps);
  chainer.start();
  return chainer;
}

async function begin(of: Chainer, session: Session = fakeSession()): Promise<string> {
  return formatSockAddr((await of.connectServer(session, 'ignored.example', 1)).remote);
}

async function serve(of: PoolChainer, outcome = WELL): Promise<string> {
  const session = fakeSession();
  const server = await begin(of, session);
  of.sessionEnded(session, outcome);
  return server;
}

async function serveMany(of: PoolChainer, count: number): Promise<Record<string, number>> {
  const served: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const server = await serve(of);
    served[server] = (served[server] ?? 0) + 1;
  }
  return served;
}

function states(of: PoolChainer): string {
  return of.pool
    .servers()
    .map(({ state }) => state)
    .join(' ');
}

/** The sessions that were no client's. */
function probes(): string[] {
  const own = network.calls.filter(({ session }) => session.client.isProxyItself === true);
  return own.map(({ remote }) => formatSockAddr(remote));
}

describe('active checks', () => {
  test('take a server down that fails three times, the second and third time soon, and nobody asked it', async () => {
    network.on(b, REFUSED);
    const of = pool([a, b], { check: TCP });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states(of)).toBe('up up');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(states(of)).toBe('up down');
    expect(probes().filter((server) => server === b)).toHaveLength(3);
    expect(await serveMany(of, 4)).toEqual({ [a]: 4 });
    const [, down] = of.pool.servers();
    expect(down).toMatchObject({ why: '127.0.0.2:80: connection_refused.', since: expect.any(Number) });
    const wait = (down?.nextCheck ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(7_000);
    expect(wait).toBeLessThanOrEqual(12_000);
  });

  test('bring it back by two good looks, each change with one line of the log', async () => {
    network.on(b, REFUSED);
    const of = pool([a, b], { check: TCP });
    await vi.advanceTimersByTimeAsync(3_000);
    network.on(b, ACCEPTS);
    await vi.advanceTimersByTimeAsync(13_001);
    expect(await serveMany(of, 4)).toEqual({ [a]: 2, [b]: 2 });
    expect(lines).toEqual([
      `the checks of a server of a pool fail, so it is not used {"server":"${b}","why":"${b}: connection_refused."}`,
      `a server of a pool is used again {"server":"${b}","why":"2 checks in a row were good."}`,
    ]);
  });

  test('use no idle connection and leave none open, and do not count as sessions of the server', async () => {
    const of = pool([{ at: a, maxConnections: 1 }], { check: TCP });
    await begin(of);
    await vi.advanceTimersByTimeAsync(1_000);
    const call = network.calls.find(({ session }) => session.client.isProxyItself === true);
    expect(call).toMatchObject({ how: { reuse: false, forgeAddr: false }, ended: 'connected' });
    expect(network.open).toHaveLength(1);
  });

  test('look again soon at a server that sessions have taken out, and bring it back', async () => {
    const of = pool([a, b, c], { check: { ...TCP, interval: 60_000 } });
    await vi.advanceTimersByTimeAsync(1_000);
    network.on(b, REFUSED);
    await serveMany(of, 30);
    expect(states(of)).toBe('up down up');
    network.on(b, ACCEPTS);
    await vi.advanceTimersByTimeAsync(2_001);
    expect(states(of)).toBe('up up up');
  });

  test('look at another port where they are told to', async () => {
    network.on('127.0.0.1:81', REFUSED);
    pool([a], { check: { ...TCP, port: 81 } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(probes()).toEqual(['127.0.0.1:81']);
  });

  test('may find that all are down: then all are used, and the log says so once', async () => {
    for (const address of [a, b, c]) network.on(address, REFUSED);
    const of = pool([a, b, c], { check: TCP });
    await vi.advanceTimersByTimeAsync(3_100);
    expect(states(of)).toBe('down down down');
    for (const address of [a, b, c]) network.on(address, ACCEPTS);
    expect(await serveMany(of, 6)).toEqual({ [a]: 2, [b]: 2, [c]: 2 });
    expect(lines.filter((line) => line.startsWith('most servers of a pool are down'))).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(lines.filter((line) => line.startsWith('enough servers of a pool are up again'))).toHaveLength(1);
  });

  test('that fail for a reason of our own change nothing', async () => {
    network.on(a, { does: 'fail', code: 'proxy_internal_error' });
    const of = pool([a, b], { check: TCP });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(of)).toBe('up up');
    expect(new Set(lines)).toEqual(
      new Set([
        `a server of a pool cannot be checked, and stays what it was {"server":"${a}","why":"${a}: proxy_internal_error."}`,
      ]),
    );
  });

  test('end with the pool', async () => {
    network.on(a, { does: 'hang' });
    pool([a], { check: TCP }).close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probes()).toEqual([]);
  });

  test('begin where clients are served, not where a configuration is looked at', async () => {
    pool([a], { check: TCP }).close();
    const { establishConnection } = network;
    const deps = { establishConnection, resolver: new FakeResolver({}), logger: silentLogger };
    chainer = new PoolChainer({ servers: [{ address: parseServerAddress(a) }], check: TCP }, deps);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(probes()).toEqual([]);
  });

  test('of type tls are refused where servers speak none', () => {
    expect(() => pool([a], { check: { ...TCP, type: 'tls' } })).toThrow('give the pool tls');
    chainer = undefined;
  });
});

describe('what happens to sessions', () => {
  test('statuses count only where they are asked for', async () => {
    const failing = { ...WELL, status: 503 };
    const usual = pool([a, b]);
    for (let number = 0; number < 20; number += 1) await serve(usual, failing);
    expect(states(usual)).toBe('up up');
    const strict = pool([a, b], { eject: { failOn: [503] } });
    for (let number = 0; number < 10; number += 1) await serve(strict, failing);
    expect(states(strict).split(' ').toSorted()).toEqual(['down', 'up']);
    expect(lines).toEqual([expect.stringMatching(/^a server of a pool was taken out .*"why":"It answered 503\."/)]);
  });

  test('takes a server out for twice as long each time, until it was well for as long as it was out', async () => {
    const of = pool([a, b]);
    const seconds = (): number[] => lines.flatMap((line) => /"seconds":([\d.]+)/.exec(line)?.[1] ?? []).map(Number);
    const failOnce = async (): Promise<void> => {
      for (let number = 0; number < 12; number += 1) {
        const session = fakeSession();
        const isBad = (await begin(of, session)) === b;
        of.sessionEnded(session, isBad ? { status: 502, wait: undefined, error: LOST, reused: false } : WELL);
      }
    };
    for (let times = 0; times < 3; times += 1) {
      await failOnce();
      await vi.advanceTimersByTimeAsync(10_000 * 2 ** times);
    }
    await vi.advanceTimersByTimeAsync(40_000);
    await serveMany(of, 4);
    await failOnce();
    expect(seconds()).toEqual([10, 20, 40, 10]);
  });

  test('a server that comes back gets its weight little by little', async () => {
    const of = pool([a, b], { slowStart: 10_000 });
    network.on(b, REFUSED);
    await serveMany(of, 20);
    network.on(b, ACCEPTS);
    await vi.advanceTimersByTimeAsync(10_000);
    const atOnce = await serveMany(of, 110);
    expect(atOnce[b]).toBeGreaterThanOrEqual(9);
    expect(atOnce[b]).toBeLessThanOrEqual(11);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await serveMany(of, 20)).toEqual({ [a]: 10, [b]: 10 });
  });
});

describe('tiers and zones', () => {
  test('a server gets sessions while none with a lower priority number is up', async () => {
    const of = pool([a, { at: b, priority: 1 }, { at: c, backup: true }], { check: { ...TCP, fall: 1 } });
    expect(await serveMany(of, 4)).toEqual({ [a]: 4 });
    network.on(a, REFUSED);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await serveMany(of, 4)).toEqual({ [b]: 4 });
    network.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(12_001);
    expect(await serveMany(of, 4)).toEqual({ [c]: 4 });
  });

  test('a backup that is up is enough when all others are down', async () => {
    for (const address of [a, b]) network.on(address, REFUSED);
    const of = pool([a, b, '127.0.0.4:80', { at: c, backup: true }], { check: { ...TCP, fall: 1 } });
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await serveMany(of, 4)).toEqual({ [c]: 4 });
    expect(lines.filter((line) => line.startsWith('most servers'))).toEqual([]);
  });

  test('a session that all servers of a tier refuse goes to the next one, before they are known to be down', async () => {
    for (const address of [a, b]) network.on(address, REFUSED);
    const of = pool([a, b, { at: c, backup: true }]);
    expect(await serveMany(of, 3)).toEqual({ [c]: 3 });
  });

  test('servers that are full do not lead to the next tier, but to another zone', async () => {
    const full = { maxConnections: 1, zone: 'here' };
    const of = pool([{ at: a, ...full }, b, { at: c, backup: true }], { zone: 'here', queue: { size: 0 } });
    expect(await begin(of)).toBe(a);
    expect(await begin(of)).toBe(b);
    const alone = pool(
      [
        { at: a, ...full },
        { at: c, backup: true },
      ],
      { queue: { size: 0 } },
    );
    await begin(alone);
    await expect(begin(alone)).rejects.toMatchObject({ code: 'connection_limit_reached' });
  });

  test('the own zone is preferred while 70 % of its weight is up', async () => {
    const near = { zone: 'here' };
    const of = pool([{ at: a, ...near, weight: 8 }, { at: b, ...near, weight: 2 }, c], { zone: 'here' });
    expect(await serveMany(of, 10)).toEqual({ [a]: 8, [b]: 2 });
    of.pool.order(b, 'drain');
    expect(await serveMany(of, 4)).toEqual({ [a]: 4 });
  });
});

describe('an order to drain', () => {
  test('leaves a session to its end, and gives the server no new ones', async () => {
    const of = pool([a, b]);
    const [first, second] = [fakeSession(), fakeSession()];
    const drained = await begin(of, first);
    const other = await begin(of, second);
    of.pool.order(drained, 'drain');
    expect(await serveMany(of, 6)).toEqual({ [other]: 6 });
    expect(network.connections[0]).toMatchObject({ state: 'open' });
    of.sessionEnded(first, WELL);
    expect(await serveMany(of, 6)).toEqual({ [other]: 6 });
  });
});

describe('options', () => {
  const valid = (options: object): unknown => poolPlugin.schema['~standard'].validate({ servers: [a], ...options });

  test('of checks have defaults, and ranges of statuses', () => {
    expect(valid({ check: { type: 'http', expect: ['2xx', 304, '400-404'] } })).toMatchObject({
      value: {
        slowStart: 10_000,
        check: {
          interval: 10_000,
          timeout: 2_000,
          fall: 3,
          rise: 2,
          expect: {
            statuses: [
              [200, 299],
              [304, 304],
              [400, 404],
            ],
          },
        },
      },
    });
    expect(valid({ check: { type: 'http', expect: { body: 'ready' } } })).toMatchObject({
      value: { check: { expect: { statuses: [[200, 399]], body: 'ready' } } },
    });
  });

  test('that only a check by HTTP has are refused for others', () => {
    expect(valid({ check: { type: 'tcp', path: '/health' } })).toMatchObject({
      issues: [{ message: 'path is for checks of type http', path: ['check', 'path'] }],
    });
  });

  test('of TLS are for checks that speak it, and only where the pool does not', () => {
    expect(valid({ check: { type: 'tcp', tls: true } })).toMatchObject({
      issues: [{ message: 'tls is for checks of type tls and http', path: ['check', 'tls'] }],
    });
    const settings = poolPlugin.serverTls?.({
      servers: [],
      check: { ...TCP, type: 'tls', tls: { servername: 'a.example' } },
    } as never);
    expect(settings).toMatchObject({ servername: 'a.example', verify: true, option: ['check', 'tls'] });
  });

  test('that would be more than one line in a request are refused', () => {
    expect(valid({ check: { type: 'http', path: '/a b' } })).toHaveProperty('issues');
    expect(valid({ check: { type: 'http', host: 'a\r\nb: c' } })).toHaveProperty('issues');
  });
});
