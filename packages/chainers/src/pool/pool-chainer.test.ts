import { type Chainer, formatSockAddr, ProxyError, type Session, sessionWriter, type SockAddr } from '@inband/core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import { PoolChainer, type PoolOptions, poolPlugin } from './pool-chainer.ts';

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;
const REFUSED = { does: 'fail', code: 'connection_refused' } as const;
const WELL = { status: 200, wait: 1, error: undefined };
const LOST = new ProxyError('connection_terminated', 'Nothing came.');

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

  test('keeps to maxConnections, and says so when all servers are full', async () => {
    const chainer = pool([
      { at: a, maxConnections: 1 },
      { at: b, maxConnections: 1 },
    ]);
    const first = fakeSession();
    const servers = [await begin(chainer, first), await begin(chainer)];
    expect(servers.toSorted()).toEqual([a, b]);
    await expect(begin(chainer)).rejects.toMatchObject({ code: 'connection_limit_reached', retryAfter: 1 });
    chainer.sessionEnded(first, WELL);
    expect(await begin(chainer)).toBe(servers[0]);
  });

  test('a session whose server sends nothing gets another server once each, and is counted at one', async () => {
    const chainer = pool([a, b], { balance: 'least-connections' });
    const session = fakeSession();
    const first = await begin(chainer, session);
    expect(chainer.serverFailed(session, LOST)).toBe(true);
    const second = await begin(chainer, session);
    expect(new Set([first, second])).toEqual(new Set([a, b]));
    expect(chainer.pool.serverOf(session)).toBe(second);
    expect(chainer.serverFailed(session, LOST)).toBe(false);
    chainer.sessionEnded(session, { status: 502, wait: undefined, error: LOST });
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
      chainer.sessionEnded(session, { status: 0, wait: undefined, error });
    }
    expect(states(chainer)).toBe('up down');
  });

  test('answers that fail half of the time take a server out, too', async () => {
    const chainer = pool([a, b, c]);
    for (let number = 0; number < 90; number += 1) {
      const session = fakeSession();
      const isBad = (await begin(chainer, session)) === b && number % 2 === 0;
      chainer.sessionEnded(session, isBad ? { status: 502, wait: 1, error: LOST } : WELL);
      now += 10;
    }
    expect(states(chainer)).toBe('up down up');
  });

  test('a session that the client ends says nothing about the server', async () => {
    const chainer = pool([a, b]);
    const session = fakeSession();
    await begin(chainer, session);
    const error = new ProxyError('http_request_error', 'The client went.');
    for (let number = 0; number < 20; number += 1) chainer.sessionEnded(session, { status: 0, wait: undefined, error });
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

describe('its options', () => {
  test('addresses and mappings are both servers', () => {
    const options = poolPlugin.schema['~standard'].validate({ servers: [a, { address: b, weight: 2 }] });
    expect(options).toMatchObject({ value: { servers: [{}, { weight: 2 }], eject: { first: 10_000 } } });
  });

  test('a server that is listed twice is refused, because it would be two', () => {
    expect(() => pool([a, a])).toThrow('give it a weight instead');
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
