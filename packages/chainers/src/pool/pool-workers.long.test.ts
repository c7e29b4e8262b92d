import { formatSockAddr, type PoolServer, ProxyError } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import { LinkedWorkers } from '../../../../test/support/workers/linked-workers.ts';
import { parseServerAddress } from '../options/server-address.ts';
import type { CheckOptions } from './options/health-options.ts';
import { PoolChainer, type PoolOptions } from './pool-chainer.ts';

const [a, b, c, d] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80', '127.0.0.4:80'] as const;
const ALL = [a, b, c, d];
const REFUSED = { does: 'fail', code: 'connection_refused' } as const;
const ACCEPTS = { does: 'accept' } as const;
const LOST = new ProxyError('connection_terminated', 'Nothing came.');
const TCP: CheckOptions = { type: 'tcp', interval: 10_000, timeout: 2_000, fall: 3, rise: 2 };

let linked: LinkedWorkers;
/** What each worker connects to. */
let networks: FakeNetwork[];
let pools: PoolChainer[];
let lines: string[][];

beforeEach(() => {
  vi.useFakeTimers();
  linked = new LinkedWorkers(0);
  [networks, pools, lines] = [[], [], []];
});

afterEach(() => {
  for (const pool of pools) pool.close();
  linked.close();
  expect(vi.getTimerCount(), 'no timer is left behind').toBe(0);
  vi.useRealTimers();
});

interface Started {
  readonly servers?: readonly string[];
  readonly options?: Partial<PoolOptions>;
  /** Addresses of a name. */
  readonly names?: Record<string, readonly string[]>;
}

/** Starts another worker. */
function startWorker({ servers = ALL, options, names = {} }: Started = {}): PoolChainer {
  const network = new FakeNetwork();
  for (const address of ALL) network.on(address, ACCEPTS);
  const own: string[] = [];
  const tell = (fields: object, message: string): void => void own.push(`${message} ${JSON.stringify(fields)}`);
  const logger = { debug: () => undefined, info: tell, warn: tell, error: tell };
  const { establishConnection } = network;
  const worker = linked.join();
  const deps = { establishConnection, resolver: new FakeResolver(names), logger, notices: worker.of('pool') };
  const listed = servers.map((address) => ({ address: parseServerAddress(address) }));
  const pool = new PoolChainer({ balance: 'round-robin', slowStart: 0, ...options, servers: listed }, deps);
  networks.push(network);
  pools.push(pool);
  lines.push(own);
  pool.start();
  return pool;
}

/** Starts workers, of which the first is on duty. */
function startWorkers(count: number, how?: Started): PoolChainer[] {
  for (let number = 0; number < count; number += 1) startWorker(how);
  linked.workers[0]?.takeDuty(true);
  return pools;
}

const told = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);

/** A session at a server of the pool fails. */
async function fail(pool: PoolChainer | undefined, server: string, times = 5): Promise<void> {
  for (let failed = 0; failed < times;) {
    const session = fakeSession();
    const connection = await pool?.connectServer(session, 'ignored.example', 1);
    const isThat = connection !== undefined && formatSockAddr(connection.remote) === server;
    if (isThat) failed += 1;
    pool?.sessionEnded(session, { status: isThat ? 0 : 200, wait: 1, reused: false, error: isThat ? LOST : undefined });
  }
}

function seen(pool: PoolChainer | undefined, server: string): PoolServer | undefined {
  return pool?.pool.servers().find(({ address }) => address === server);
}

function downIn(pool: PoolChainer | undefined): string[] {
  const all = pool?.pool.servers() ?? [];
  return all.filter(({ state }) => state === 'down').map(({ address }) => address);
}

/** The looks at a server by each worker. */
function looks(server: string): number[] {
  return networks.map(({ calls }) => {
    const own = calls.filter(({ session }) => session.client.isProxyItself === true);
    return own.filter(({ remote }) => formatSockAddr(remote) === server).length;
  });
}

describe('what happens to sessions', () => {
  test('takes a server out for all workers, as long, with the same reason, and one line of the log', async () => {
    const [first, second] = startWorkers(2);
    await fail(first, b);
    await told();
    const [own, heard] = [seen(first, b), seen(second, b)];
    expect(own).toMatchObject({ state: 'down', isHeard: false });
    expect(heard).toMatchObject({ state: 'down', why: own?.why, since: own?.since, isHeard: true });
    expect(heard?.nextCheck).toBeCloseTo(own?.nextCheck ?? 0, -3);
    expect(lines.map((each) => each.filter((line) => line.includes('was taken out')).length)).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(10_000);
    await fail(second, c, 1);
    expect([downIn(first), downIn(second)]).toEqual([[], []]);
  });

  test('lets the time double once, whoever takes it out the next time, and also if several do so at one moment', async () => {
    const [first, second] = startWorkers(2);
    await fail(first, b);
    await vi.advanceTimersByTimeAsync(10_100);
    await Promise.all([fail(first, b, 1), fail(second, b, 1)]);
    await vi.advanceTimersByTimeAsync(19_800);
    expect([downIn(first), downIn(second)]).toEqual([[b], [b]]);
    await vi.advanceTimersByTimeAsync(300);
    expect([downIn(first), downIn(second)]).toEqual([[], []]);
  });

  test('never takes out more than half in any worker, and all agree on those that were the first', async () => {
    startWorkers(4);
    for (const [at, pool] of pools.entries()) {
      await fail(pool, ALL[at] ?? a);
      vi.setSystemTime(Date.now() + 1);
    }
    await told();
    expect(pools.map(downIn)).toEqual([
      [a, b],
      [a, b],
      [a, b],
      [a, b],
    ]);
    const late = startWorker();
    expect(downIn(late)).toEqual([a, b]);
  });

  test('is known to a worker that is started later, also of a server that it finds later', async () => {
    const how: Started = { servers: ['app.example:80'], names: { 'app.example': ['127.0.0.1', '127.0.0.2'] } };
    const [first] = startWorkers(1, how);
    await told();
    await fail(first, b);
    await told();
    const late = startWorker(how);
    await told();
    expect(downIn(late)).toEqual([b]);
  });

  test('is forgotten by all, and not told to a worker that is started later, when an operator takes a server back', async () => {
    startWorkers(2);
    await fail(pools[0], b);
    await told();
    for (const pool of pools) pool.pool.order(b, undefined);
    await told();
    startWorker();
    expect(pools.map(downIn)).toEqual([[], [], []]);
  });
});

describe('active checks', () => {
  const checked: Started = { options: { check: TCP } };

  test('are made by one worker, and all know what they find', async () => {
    startWorkers(4, checked);
    for (const network of networks) network.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(pools.map(downIn)).toEqual([[b], [b], [b], [b]]);
    expect(seen(pools[3], b)).toMatchObject({ why: seen(pools[0], b)?.why, isHeard: true });
    expect(lines.map((each) => each.length)).toEqual([1, 0, 0, 0]);
    for (const network of networks) network.on(b, ACCEPTS);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(pools.map(downIn)).toEqual([[], [], [], []]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(looks(a).slice(1)).toEqual([0, 0, 0]);
    expect(looks(a)[0]).toBeGreaterThan(50);
  });

  test('follow soon by that worker, when sessions of another one have taken a server out', async () => {
    startWorkers(2, checked);
    await vi.advanceTimersByTimeAsync(2_000);
    const [before = 0] = looks(b);
    await fail(pools[1], b);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(looks(b)).toEqual([before + 2, 0]);
    expect(pools.map(downIn)).toEqual([[], []]);
  });

  test('go on in another worker when the one on duty ends, where that has left off', async () => {
    startWorkers(3, checked);
    for (const network of networks) network.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(1_500);
    const [begun = 0] = looks(b);
    expect([begun, pools.map(downIn)]).toEqual([expect.any(Number), [[], [], []]]);
    pools[0]?.close();
    const [first] = linked.workers;
    if (first !== undefined) linked.leave(first);
    linked.workers[0]?.takeDuty(true);
    await vi.advanceTimersByTimeAsync(15_000);
    const [, second = 0, third] = looks(b);
    expect(pools.slice(1).map(downIn)).toEqual([[b], [b]]);
    expect(begun + second).toBeGreaterThanOrEqual(3);
    expect(third).toBe(0);
  });

  test('are made by another worker, if the one on duty hangs, or does not know a server', async () => {
    startWorker({ ...checked, servers: [a, c, d] });
    startWorker(checked);
    linked.workers[0]?.takeDuty(true);
    await vi.advanceTimersByTimeAsync(60_000);
    const [, second = 0] = looks(b);
    expect(second).toBeGreaterThanOrEqual(1);
    expect(second).toBeLessThanOrEqual(3);
    expect(looks(a)[1]).toBe(0);
  });

  test('follow soon where another machine has found a server down, and find out for themselves how it is', async () => {
    startWorkers(2, checked);
    await vi.advanceTimersByTimeAsync(2_000);
    const before = [looks(b), looks(c)];
    linked.join().of('cluster').common('hints').tell(b, 2, 30_000);
    await vi.advanceTimersByTimeAsync(1_500);
    const [[first = 0, second] = []] = before;
    expect([looks(b), looks(c)]).toEqual([[first + 1, second], before[1]]);
    expect(pools.map(downIn)).toEqual([[], []]);
  });

  test('tell other machines of a server that has fallen, once; so do sessions that take one out', async () => {
    const suspects: string[] = [];
    linked
      .join()
      .of('cluster')
      .common('suspects')
      .follow((server) => suspects.push(server));
    startWorker(checked);
    startWorker(checked);
    linked.workers[1]?.takeDuty(true);
    for (const network of networks) network.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(suspects).toEqual([b]);
    await fail(pools[1], c);
    await told();
    expect(suspects).toEqual([b, c]);
  });

  test('are known to a worker that is started later', async () => {
    startWorkers(1, checked);
    networks[0]?.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(4_000);
    const late = startWorker(checked);
    expect(downIn(late)).toEqual([b]);
  });

  test('of a worker alone, which nobody has told that it is on duty, are made all the same', async () => {
    startWorker(checked);
    networks[0]?.on(b, REFUSED);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(downIn(pools[0])).toEqual([b]);
  });
});

describe('an outage of many servers with eight workers', () => {
  const servers = Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}:80`);

  test('is known to all soon, by few messages, and the pool is used as a whole', async () => {
    startWorkers(8, { servers, options: { check: { ...TCP, fall: 1 } } });
    // Nothing accepts at these addresses. The first looks are spread over a second.
    await vi.advanceTimersByTimeAsync(3_000);
    expect(pools.map((pool) => downIn(pool).length)).toEqual(pools.map(() => servers.length));
    const { messages, notices } = linked;
    await vi.advanceTimersByTimeAsync(5_000);
    const perSecond = (linked.messages - messages) / 5;
    // At most 20 of the worker on duty, and 20 to each of the others.
    expect(perSecond).toBeLessThanOrEqual(160);
    expect((linked.notices - notices) / 5).toBeLessThan(8 * 130);
    expect(pools.every((pool) => pool.pool.explain(fakeSession())?.because.includes('all are used'))).toBe(true);
  });

  test('costs no more messages when every worker fails sessions at each of them at one moment', async () => {
    const many = 100;
    startWorkers(8, { servers: servers.slice(0, many), options: { eject: { consecutive: 1 } } });
    for (const pool of pools) {
      for (let failed = 0; failed < many; failed += 1) {
        const session = fakeSession();
        await Promise.allSettled([pool.connectServer(session, 'x', 1)]);
        pool.sessionEnded(session, { status: 0, wait: undefined, reused: false, error: LOST });
      }
    }
    const { messages } = linked;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(linked.messages - messages).toBeLessThanOrEqual(8 * 20 * 2);
    const [first] = pools;
    expect(downIn(first)).toHaveLength(many / 2);
    expect(pools.map(downIn)).toEqual(pools.map(() => downIn(first)));
  });
});
