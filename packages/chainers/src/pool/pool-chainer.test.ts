import { type Chainer, formatSockAddr, ProxyError, type Session, sessionWriter, type SockAddr } from '@inband/core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import { PoolChainer, type PoolOptions, poolPlugin } from './pool-chainer.ts';

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;
const REFUSED = { does: 'fail', code: 'connection_refused' } as const;
const WELL = { status: 200, wait: 1, error: undefined, reused: false };
const LOST = new ProxyError('connection_terminated', 'Nothing came.');
const RESET = { cause: 'reset', error: LOST, mayRepeat: true } as const;

let network: FakeNetwork;
let now: number;

beforeEach(() => {
  now = 0;
  network = new FakeNetwork();
  for (const address of [a, b, c]) network.on(address, { does: 'accept' });
});

interface Listed {
  readonly at: string;
  readonly weight?: number;
  readonly backup?: boolean;
  readonly maxConnections?: number;
}

function pool(listed: readonly (string | Listed)[], options: Partial<PoolOptions> = {}, names = {}): PoolChainer {
  const servers = listed.map((each) => {
    const { at, ...how } = typeof each === 'string' ? { at: each } : each;
    return { address: parseServerAddress(at), ...how };
  });
  const { establishConnection } = network;
  const deps = { establishConnection, resolver: new FakeResolver(names), logger: silentLogger };
  return new PoolChainer({ balance: 'round-robin', ...options, servers }, deps, () => now);
}

/** Begins a session, which goes on. */
async function begin(chainer: Chainer, session: Session = fakeSession()): Promise<string> {
  return formatSockAddr((await chainer.connectServer(session, 'ignored.example', 1)).remote);
}

/** A session that is served. */
async function serve(chainer: PoolChainer): Promise<string> {
  const session = fakeSession();
  const server = await begin(chainer, session);
  chainer.sessionEnded(session, WELL);
  return server;
}

async function serveMany(chainer: PoolChainer, count: number): Promise<Record<string, number>> {
  const served: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const server = await serve(chainer);
    served[server] = (served[server] ?? 0) + 1;
  }
  return served;
}

function states(chainer: PoolChainer): string {
  return chainer.pool
    .servers()
    .map(({ state }) => state)
    .join(' ');
}

describe('a pool', () => {
  test('spreads sessions by weight', async () => {
    expect(await serveMany(pool([{ at: a, weight: 2 }, b]), 30)).toEqual({ [a]: 20, [b]: 10 });
  });

  test('tries another server when one refuses, and no session fails', async () => {
    network.on(b, REFUSED);
    const served = await serveMany(pool([a, b, c]), 60);
    expect(Object.keys(served).toSorted()).toEqual([a, c]);
  });

  test('takes a server out after five failures in a row: then nobody waits for it', async () => {
    network.on(b, REFUSED);
    const chainer = pool([a, b, c]);
    await serveMany(chainer, 30);
    expect(states(chainer)).toBe('up down up');
    expect(chainer.pool.servers()[1]).toMatchObject({ why: `${b}: connection_refused.` });
    const before = network.attempted.length;
    await serveMany(chainer, 30);
    expect(network.attempted.slice(before)).not.toContain(b);
  });

  test('tries it again after 10 s, and takes it out for twice as long if it fails once more', async () => {
    network.on(b, REFUSED);
    const chainer = pool([a, b, c], { slowStart: 0 });
    await serveMany(chainer, 30);
    now += 10_000;
    await serveMany(chainer, 6);
    expect(network.attempted.filter((address) => address === b)).toHaveLength(6);
    now += 19_000;
    expect(states(chainer)).toBe('up down up');
    network.on(b, { does: 'accept' });
    now += 1_001;
    expect(await serveMany(chainer, 30)).toEqual({ [a]: 10, [b]: 10, [c]: 10 });
  });

  test('never takes out the last server, and at most half', async () => {
    for (const address of [a, b, c]) network.on(address, REFUSED);
    const chainer = pool([a, b, c]);
    for (let number = 0; number < 30; number += 1) {
      await expect(begin(chainer)).rejects.toMatchObject({ code: 'connection_refused' });
    }
    expect(
      states(chainer)
        .split(' ')
        .filter((state) => state === 'down'),
    ).toHaveLength(1);
    const single = pool([a]);
    for (let number = 0; number < 30; number += 1) await expect(begin(single)).rejects.toBeDefined();
    expect(states(single)).toBe('up');
  });

  test('gives a backup sessions only while no other server is in service', async () => {
    const chainer = pool([a, { at: b, backup: true }]);
    expect(await serveMany(chainer, 10)).toEqual({ [a]: 10 });
    chainer.pool.order(a, 'drain');
    expect(await serveMany(chainer, 10)).toEqual({ [b]: 10 });
    chainer.pool.order(a, undefined);
    expect(await serveMany(chainer, 10)).toEqual({ [a]: 10 });
  });

  test('a session whose server sends nothing gets another server once each, and is counted at one', async () => {
    const chainer = pool([a, b], { balance: 'least-connections' });
    const session = fakeSession();
    const first = await begin(chainer, session);
    expect(chainer.serverFailed(session, RESET)).toBe(true);
    const second = await begin(chainer, session);
    expect(new Set([first, second])).toEqual(new Set([a, b]));
    expect(chainer.pool.serverOf(session)).toBe(second);
    expect(chainer.serverFailed(session, RESET)).toBe(false);
    chainer.sessionEnded(session, { status: 502, wait: undefined, error: LOST, reused: false });
    expect(await serveMany(chainer, 2)).toEqual({ [a]: 1, [b]: 1 });
  });

  test('a session whose idle connection was closed is counted once, and may have the same server again', async () => {
    const chainer = pool([{ at: a, maxConnections: 1 }]);
    for (let number = 0; number < 3; number += 1) {
      const session = fakeSession();
      await begin(chainer, session);
      // The exchange does not ask `serverFailed` about connections that were reused.
      expect(await begin(chainer, session)).toBe(a);
      chainer.sessionEnded(session, WELL);
    }
  });

  test('a client that goes before its answer does not make a server well', async () => {
    const chainer = pool([a, b], { eject: { consecutive: 3 } });
    for (let number = 0; number < 12; number += 1) {
      const session = fakeSession();
      const isBad = (await begin(chainer, session)) === b;
      const isGone = number % 4 > 1;
      if (isGone) sessionWriter.abort(session);
      const error = isBad && !isGone ? LOST : undefined;
      chainer.sessionEnded(session, { status: 0, wait: undefined, error, reused: false });
    }
    expect(states(chainer)).toBe('up down');
  });

  test('answers that fail half of the time take a server out, too', async () => {
    const chainer = pool([a, b, c]);
    for (let number = 0; number < 90; number += 1) {
      const session = fakeSession();
      const isBad = (await begin(chainer, session)) === b && number % 2 === 0;
      chainer.sessionEnded(session, isBad ? { status: 502, wait: 1, error: LOST, reused: false } : WELL);
      now += 10;
    }
    expect(states(chainer)).toBe('up down up');
  });

  test('a session that the client ends says nothing about the server', async () => {
    const chainer = pool([a, b]);
    const session = fakeSession();
    await begin(chainer, session);
    const error = new ProxyError('http_request_error', 'The client went.');
    for (let number = 0; number < 20; number += 1)
      chainer.sessionEnded(session, { status: 0, wait: undefined, error, reused: false });
    expect(states(chainer)).toBe('up up');
  });

  test('an order of the operator takes a server out and back', async () => {
    const chainer = pool([a, b]);
    chainer.pool.order(a, 'down');
    expect(await serveMany(chainer, 4)).toEqual({ [b]: 4 });
    chainer.pool.order(b, 'down');
    await expect(begin(chainer)).rejects.toMatchObject({ code: 'destination_unavailable' });
  });

  test('by hash, a client stays with its server whatever its port is', async () => {
    const chainer = pool([a, b, c], { balance: { hash: 'client' } });
    const from = (address: string, port: number): SockAddr => ({ family: 'inet', address, port });
    const servers = new Set<string>();
    for (let port = 1_000; port < 1_020; port += 1) {
      const session = fakeSession(undefined, from('192.0.2.7', port));
      servers.add(await begin(chainer, session));
      chainer.sessionEnded(session, WELL);
    }
    expect(servers.size).toBe(1);
  });
});

describe('limits', () => {
  const full = [
    { at: a, maxConnections: 1 },
    { at: b, maxConnections: 1 },
  ];

  test('of servers are kept to: a session waits in a queue, and gets the first room there is', async () => {
    const chainer = pool(full);
    const first = fakeSession();
    const servers = [await begin(chainer, first), await begin(chainer)];
    expect(servers.toSorted()).toEqual([a, b]);
    const waiting = begin(chainer);
    chainer.sessionEnded(first, WELL);
    expect(await waiting).toBe(servers[0]);
  });

  test('of the pool are kept to as well', async () => {
    const chainer = pool([a, b], { maxConnections: 2, queue: { size: 0 } });
    const first = fakeSession();
    await begin(chainer, first);
    await begin(chainer);
    const refusal = { code: 'connection_limit_reached', status: 503, retryAfter: 1, setting: 'chainer.queue.size' };
    await expect(begin(chainer)).rejects.toMatchObject(refusal);
    chainer.sessionEnded(first, WELL);
    await begin(chainer);
  });

  test('let four times as many wait, and no longer than queue.timeout', async () => {
    const chainer = pool([{ at: a, maxConnections: 1 }], { queue: { timeout: 50 } });
    await begin(chainer);
    const begun = [1, 2, 3, 4, 5].map(() => begin(chainer));
    expect(chainer.pool.queued).toBe(4);
    const outcomes = await Promise.allSettled(begun);
    expect(chainer.pool.queued).toBe(0);
    const settings = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.setting : ''));
    expect(settings).toEqual([...Array<string>(4).fill('chainer.queue.timeout'), 'chainer.queue.size']);
  });

  test('are no reason to wait where the operator has taken out what has room', async () => {
    const chainer = pool(full);
    for (const server of [a, b]) chainer.pool.order(server, 'drain');
    await expect(begin(chainer)).rejects.toMatchObject({ code: 'destination_unavailable' });
  });

  test('hold for a session whose server dies, too: it waits for room at another one', async () => {
    network.on(a, { does: 'fail', code: 'connection_timeout', after: 1 });
    const chainer = pool(full);
    chainer.pool.order(a, 'drain');
    const other = fakeSession();
    await begin(chainer, other);
    chainer.pool.order(a, undefined);
    const dying = begin(chainer);
    setTimeout(() => chainer.sessionEnded(other, WELL), 20);
    expect(await dying).toBe(b);
  });

  test('let a session whose idle connection was closed keep its place before those that wait', async () => {
    const chainer = pool([{ at: a, maxConnections: 1 }]);
    const session = fakeSession();
    await begin(chainer, session);
    const waiting = begin(chainer);
    expect(await begin(chainer, session)).toBe(a);
    chainer.sessionEnded(session, WELL);
    expect(await waiting).toBe(a);
  });

  test('let those that wait have the room at a server that comes back', async () => {
    const chainer = pool(full);
    chainer.pool.order(b, 'drain');
    await begin(chainer);
    const waiting = begin(chainer);
    chainer.pool.order(b, undefined);
    expect(await waiting).toBe(b);
  });
});

describe('retries', () => {
  const answered = (status: number) => ({ cause: 'status', status, mayRepeat: true }) as const;

  test('are for connections and resets unless the options say more', async () => {
    const [usual, asked] = [pool([a, b]), pool([a, b], { retry: { on: ['connect', 503] } })];
    for (const [chainer, retried] of [
      [usual, [true, false]],
      [asked, [false, true]],
    ] as const) {
      const outcomes: boolean[] = [];
      for (const failure of [RESET, answered(503)]) {
        const session = fakeSession();
        await begin(chainer, session);
        outcomes.push(chainer.serverFailed(session, failure));
      }
      expect(outcomes).toEqual(retried);
    }
    expect(usual.retriedFailures).toBeUndefined();
    expect(asked.retriedFailures).toEqual({ statuses: new Set([503]), timeout: undefined });
  });

  test('of connections can be switched off', async () => {
    network.on(a, REFUSED).on(b, REFUSED);
    const chainer = pool([a, b], { retry: { on: ['reset'] } });
    await expect(begin(chainer)).rejects.toMatchObject({ code: 'connection_refused' });
    expect(network.attempted).toHaveLength(1);
  });

  test('are not made where the request may not be sent again, but its server has failed all the same', async () => {
    const chainer = pool([a, b], { eject: { consecutive: 1 } });
    const session = fakeSession();
    await begin(chainer, session);
    expect(chainer.serverFailed(session, { ...RESET, mayRepeat: false })).toBe(false);
    chainer.sessionEnded(session, { status: 502, wait: undefined, error: LOST, reused: false });
    expect(states(chainer)).toContain('down');
  });

  test('go to another server as long as one is left for the request', async () => {
    const chainer = pool([a, b, c], { retry: { on: [503] } });
    const session = fakeSession();
    const got = [await begin(chainer, session)];
    while (chainer.serverFailed(session, answered(503))) got.push(await begin(chainer, session));
    expect(got.toSorted()).toEqual([a, b, c]);
  });

  test('are no more than the budget of the pool allows, and the log says so', async () => {
    const warn = vi.spyOn(silentLogger, 'warn');
    const chainer = pool([a, b, c], { retry: { on: [503], budget: 0.2 } });
    let retried = 0;
    for (let number = 0; number < 1_000; number += 1) {
      const session = fakeSession();
      await begin(chainer, session);
      if (chainer.serverFailed(session, answered(503))) retried += 1;
      chainer.sessionEnded(session, { ...WELL, status: 503 });
    }
    expect(retried).toBeGreaterThan(100);
    expect(retried).toBeLessThanOrEqual(230);
    expect(warn).toHaveBeenCalledWith({ setting: 'chainer.retry.budget' }, expect.stringContaining('budget'));
    warn.mockRestore();
  });

  test('say that a server may take perTry, or as long as the service says', () => {
    expect(pool([a, b], { retry: { on: ['timeout'], perTry: 500 } }).retriedFailures?.timeout).toBe(500);
    expect(pool([a, b], { retry: { on: ['timeout'] } }).retriedFailures?.timeout).toBe(Infinity);
  });
});

describe('hedging', () => {
  /** A pool whose requests have had their answers within `times`. */
  async function hedging(times: readonly number[], options: Partial<PoolOptions> = {}) {
    const chainer = pool([a, b], { hedge: 0.95, ...options });
    for (const wait of times) {
      const session = fakeSession();
      await begin(chainer, session);
      chainer.sessionEnded(session, { ...WELL, wait });
    }
    if (chainer.hedging === undefined) throw new Error('It does not hedge.');
    return { chainer, hedging: chainer.hedging };
  }

  const times = Array.from({ length: 256 }, (_, index) => index);

  test('is off unless it is asked for, and begins when enough is known', async () => {
    expect(pool([a, b]).hedging).toBeUndefined();
    expect((await hedging([])).hedging.delay).toBeUndefined();
    expect((await hedging(times)).hedging.delay).toBe(250);
    expect((await hedging(times.map((time) => time / 1_000))).hedging.delay).toBe(1);
  });

  test('asks another server than the first, and counts each session at its own', async () => {
    const { chainer, hedging: hedge } = await hedging(times);
    const [session, beside] = [fakeSession(), fakeSession()];
    const first = await begin(chainer, session);
    expect(hedge.begin(session, beside)).toBe(true);
    const second = await begin(chainer, beside);
    expect(new Set([first, second])).toEqual(new Set([a, b]));
    hedge.won(session, beside);
    expect(chainer.pool.serverOf(session)).toBe(second);
    sessionWriter.abort(beside);
    chainer.sessionEnded(beside, { ...WELL, status: 0, wait: undefined });
    chainer.sessionEnded(session, WELL);
    expect(chainer.pool.members.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });

  test('is charged to the budget, and needs another server', async () => {
    const { chainer, hedging: hedge } = await hedging(times, { retry: { budget: 0 } });
    const session = fakeSession();
    await begin(chainer, session);
    const begun = Array.from({ length: 40 }, () => hedge.begin(session, fakeSession()));
    expect(begun.filter((each) => each)).toHaveLength(30);
    now += 10_000;
    chainer.pool.order(a, 'drain');
    chainer.pool.order(b, 'drain');
    expect(hedge.begin(session, fakeSession())).toBe(false);
    expect(hedge.begin(fakeSession(), fakeSession())).toBe(false);
  });

  test('goes on without the first server where that fails, which is counted and not charged', async () => {
    const { chainer, hedging: hedge } = await hedging(times, { retry: { budget: 0 } });
    const [session, beside] = [fakeSession(), fakeSession()];
    const first = await begin(chainer, session);
    const failed = vi.spyOn(chainer.pool.health, 'failed');
    expect(hedge.begin(session, beside)).toBe(true);
    const second = await begin(chainer, beside);
    const error = new ProxyError('connection_terminated', 'It closed.');
    expect(chainer.serverFailed(session, { cause: 'reset', error, mayRepeat: false })).toBe(false);
    hedge.won(session, beside);
    sessionWriter.abort(beside);
    chainer.sessionEnded(beside, { ...WELL, status: 0, wait: undefined });
    expect(failed.mock.calls.map(([member]) => member.id)).toEqual([first]);
    expect(chainer.pool.serverOf(session)).toBe(second);
    chainer.sessionEnded(session, WELL);
    expect(chainer.pool.members.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
    const other = fakeSession();
    await begin(chainer, other);
    const begun = Array.from({ length: 40 }, () => hedge.begin(other, fakeSession()));
    expect(begun.filter((each) => each)).toHaveLength(29);
  });

  test('has no place where clients stay at a server', () => {
    const options = { servers: [a, b], hedge: 'p95', sticky: { cookie: 'srv' } };
    expect(JSON.stringify(poolPlugin.schema['~standard'].validate(options))).toContain('exclude each other');
  });
});

test('an idle connection that was closed when a request was sent on it says nothing about its server', async () => {
  const chainer = pool([a, b], { eject: { consecutive: 1 } });
  for (let number = 0; number < 4; number += 1) {
    const session = fakeSession();
    await begin(chainer, session);
    chainer.sessionEnded(session, { status: 502, wait: undefined, error: LOST, reused: true });
  }
  expect(states(chainer)).toBe('up up');
});

describe('its options', () => {
  test('addresses and mappings are both servers', () => {
    const options = poolPlugin.schema['~standard'].validate({ servers: [a, { address: b, weight: 2 }] });
    expect(options).toMatchObject({ value: { servers: [{}, { weight: 2 }], eject: { first: 10_000 } } });
    expect(options).toMatchObject({
      value: { retry: { on: ['connect', 'reset'], budget: 0.2 }, queue: { timeout: 1_000 } },
    });
  });

  test.each([
    [{ retry: { budget: '120%' } }, 'from 0% to 100%'],
    [{ retry: { perTry: '1s' } }, 'unless timeout is among on'],
    [{ retry: { on: [404] } }, ''],
    [{ maxConnections: 0 }, ''],
  ])('%j is refused', (options, message) => {
    const { issues } = poolPlugin.schema['~standard'].validate({ servers: [a], ...options }) as { issues?: unknown };
    expect(issues).toBeDefined();
    expect(JSON.stringify(issues)).toContain(message);
  });

  test('a server that is listed twice is refused, because it would be two', () => {
    expect(() => pool([a, a])).toThrow(`servers has ${a} twice; give it a weight instead.`);
  });
});

describe('a server that is a name', () => {
  test('is a server for each of its addresses, each with its own health, and they are ordered by either', async () => {
    network.on(b, REFUSED);
    const names = { 'app.example': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] };
    const chainer = pool(['app.example:80'], {}, names);
    expect(await serveMany(chainer, 30)).toEqual({ [a]: 15, [c]: 15 });
    expect(states(chainer)).toBe('up down up');
    expect(chainer.pool.order(a, 'drain')).toBe(true);
    expect(await serveMany(chainer, 5)).toEqual({ [c]: 5 });
    expect(chainer.pool.order('app.example:80', 'down')).toBe(true);
    await expect(begin(chainer)).rejects.toMatchObject({ code: 'destination_unavailable' });
    chainer.close();
  });

  test('that cannot be resolved fails its sessions, unless there are other servers', async () => {
    const [alone, beside] = [pool(['gone.example:80']), pool(['gone.example:80', a])];
    await expect(begin(alone)).rejects.toMatchObject({ code: 'dns_error' });
    expect(await serveMany(beside, 3)).toEqual({ [a]: 3 });
    for (const chainer of [alone, beside]) chainer.close();
  });

  test('is used beside an address once it is known', async () => {
    const chainer = pool([a, 'app.example:80'], {}, { 'app.example': ['127.0.0.2'] });
    chainer.start();
    await vi.waitFor(() => expect(states(chainer)).toBe('up up'));
    expect(await serveMany(chainer, 4)).toEqual({ [a]: 2, [b]: 2 });
    chainer.close();
  });
});
