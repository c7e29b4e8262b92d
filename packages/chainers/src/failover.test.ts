import {
  AccessDeniedError,
  formatSockAddr,
  isPromise,
  ProxyError,
  type ServerFailure,
  sessionWriter,
} from '@inband/core';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { runs } from '../../../test/support/tiers/runs.ts';
import { fakeDeps, FakeNetwork, FakeResolver, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { FailoverChainer, failoverPlugin, type FailoverOptions } from './failover.ts';
import { parseServerAddress } from './options/server-address.ts';
import { useOwnTimers } from '../../../test/support/own-timers.ts';

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;

let network: FakeNetwork;

useOwnTimers();

beforeEach(() => {
  network = new FakeNetwork();
});

function failover(hosts: readonly string[], options: Partial<FailoverOptions> = {}, names = {}): FailoverChainer {
  const deps = { establishConnection: network.establishConnection, resolver: new FakeResolver(names) };
  return new FailoverChainer({ ...options, hosts: hosts.map(parseServerAddress) }, deps);
}

function accept(...addresses: readonly string[]): void {
  for (const address of addresses) network.on(address, { does: 'accept' });
}

function refuse(...addresses: readonly string[]): void {
  for (const address of addresses) network.on(address, { does: 'fail', code: 'connection_refused' });
}

/** Where a new session ends up. */
async function connect(chainer: FailoverChainer): Promise<string> {
  return formatSockAddr((await chainer.connectServer(fakeSession(), 'ignored.example', 1)).remote);
}

/** The addresses that a new session, which fails, attempts. */
async function attemptsOfFailure(chainer: FailoverChainer): Promise<string[]> {
  const before = network.calls.length;
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({ name: 'ProxyError' });
  return network.attempted.slice(before);
}

describe('attributes and methods of the seed', () => {
  test('getHostAddress gives the current host, nextHost advances and wraps to 0', () => {
    const chainer = failover([a, b]);
    expect(chainer.currentHost).toBe(0);
    expect(chainer.getHostAddress()).toBe(chainer.hosts[0]);
    chainer.nextHost();
    expect(chainer.currentHost).toBe(1);
    expect(chainer.getHostAddress()).toBe(chainer.hosts[1]);
    chainer.nextHost();
    expect(chainer.currentHost).toBe(0);
  });

  test('hosts, local and forgeAddr can be read', () => {
    const local = { family: 'inet', address: '127.0.0.9', port: 0 } as const;
    expect(failover([a], { local })).toMatchObject({
      kind: 'failover',
      hosts: [{ port: 80 }],
      local,
      forgeAddr: false,
    });
  });

  test('no hosts is a configuration error', () => {
    expect(() => failover([])).toThrow(
      expect.objectContaining({ code: 'proxy_configuration_error', setting: 'chainer.hosts' }),
    );
  });

  test('a configuration that asks for forgeAddr is refused at start-up where it cannot work', () => {
    const options = { hosts: [parseServerAddress(a)], policy: 'rotate', stateTimeout: 1, connectTimeout: 1 } as const;
    const forging = { ...options, hosts: [...options.hosts], forgeAddr: true };
    expect(() => failoverPlugin.create(forging, fakeDeps(network, undefined, 'It cannot.'))).toThrow('It cannot.');
    expect(failoverPlugin.create(forging, fakeDeps(network))).toMatchObject({ forgeAddr: true });
  });
});

function reset(error: ProxyError): ServerFailure {
  return { cause: 'reset', error, mayRepeat: true };
}

describe('a host that accepts and closes without an answer', () => {
  const silent = reset(new ProxyError('connection_terminated', 'It said nothing.'));

  test('is skipped by this session and by others, until its time is over', async () => {
    accept(a, b, c);
    const chainer = failover([a, b, c], { stateTimeout: 1000 });
    const session = fakeSession();
    const next = async (): Promise<string> => formatSockAddr((await chainer.connectServer(session, 'x', 1)).remote);
    expect(await next()).toBe(a);
    expect(chainer.serverFailed(session, silent)).toBe(true);
    expect(await next()).toBe(b);
    expect([await connect(chainer), await connect(chainer), await connect(chainer)]).not.toContain(a);
    vi.advanceTimersByTime(1000);
    expect([await connect(chainer), await connect(chainer), await connect(chainer)]).toContain(a);
  });

  test('is tried once a session, and there is no other when all were', async () => {
    accept(a, b);
    refuse(c);
    const chainer = failover([a, b, c, a]);
    const session = fakeSession();
    await chainer.connectServer(session, 'x', 1);
    expect(chainer.serverFailed(session, silent)).toBe(true);
    await chainer.connectServer(session, 'x', 1);
    expect(chainer.serverFailed(session, silent)).toBe(true);
    await expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({ code: 'connection_refused' });
    expect(network.attempted).toEqual([a, b, c]);
  });

  test('moves everybody on where all stay with one', async () => {
    accept(a, b);
    const chainer = failover([a, b], { policy: 'sticky' });
    const session = fakeSession();
    await chainer.connectServer(session, 'x', 1);
    chainer.serverFailed(session, silent);
    expect(chainer.getHostAddress()).toBe(chainer.hosts[1]);
    expect(await connect(chainer)).toBe(b);
  });

  test('says nothing of a host where the failure was not its own, or no connection was made', async () => {
    accept(a, b);
    const chainer = failover([a, b]);
    const session = fakeSession();
    expect(chainer.serverFailed(session, silent)).toBe(false);
    await chainer.connectServer(session, 'x', 1);
    expect(chainer.serverFailed(session, reset(new ProxyError('proxy_internal_error', 'Ours.')))).toBe(false);
  });
});

describe('rotate', () => {
  test('connections spread round-robin', async () => {
    accept(a, b, c);
    const chainer = failover([a, b, c]);
    const served: string[] = [];
    for (let count = 0; count < 4; count += 1) served.push(await connect(chainer));
    expect(served).toEqual([a, b, c, a]);
  });

  test('it starts at currentHost', async () => {
    accept(a, b);
    const chainer = failover([a, b]);
    chainer.currentHost = 1;
    expect(await connect(chainer)).toBe(b);
    expect(chainer.currentHost).toBe(0);
  });

  test('an idle connection comes back synchronously, and advances too', () => {
    network.on(a, { does: 'idle' }).on(b, { does: 'idle' });
    const chainer = failover([a, b]);
    expect(isPromise(chainer.connectServer(fakeSession(), 'x', 1))).toBe(false);
    expect(isPromise(chainer.connectServer(fakeSession(), 'x', 1))).toBe(false);
    expect(network.attempted).toEqual([a, b]);
  });

  test('every attempt advances, a failed one too', async () => {
    refuse(a);
    accept(b, c);
    const chainer = failover([a, b, c]);
    expect(await connect(chainer)).toBe(b);
    expect(chainer.currentHost).toBe(2);
    expect(network.attempted).toEqual([a, b]);
  });

  test('a host that stands there twice has twice the share', async () => {
    accept(a, b);
    const chainer = failover([a, a, b]);
    const served = [await connect(chainer), await connect(chainer), await connect(chainer)];
    expect(served).toEqual([a, a, b]);
  });
});

describe('sticky', () => {
  test('stays on a host until it fails, then on the next', async () => {
    accept(a, b);
    const chainer = failover([a, b], { policy: 'sticky' });
    expect([await connect(chainer), await connect(chainer)]).toEqual([a, a]);
    refuse(a);
    expect([await connect(chainer), await connect(chainer)]).toEqual([b, b]);
    expect(network.attempted).toEqual([a, a, a, b, b]);
  });

  test('sessions that fail at one host together move on by one only', async () => {
    network.on(a, { does: 'fail', code: 'connection_refused', after: 10 });
    accept(b, c);
    const chainer = failover([a, b, c], { policy: 'sticky' });
    const both = Promise.all([connect(chainer), connect(chainer)]);
    await vi.advanceTimersByTimeAsync(10);
    expect(await both).toEqual([b, b]);
    expect(chainer.currentHost).toBe(1);
  });
});

describe.each(['rotate', 'sticky'] as const)('failing over (%s)', (policy) => {
  test('all fail: each is tried once, and the last error is reported', async () => {
    refuse(a, b);
    network.on(c, { does: 'fail', code: 'connection_timeout' });
    const chainer = failover([a, b, c], { policy });
    await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({ code: 'connection_timeout' });
    expect(network.attempted).toEqual([a, b, c]);
  });

  test('duplicates are tried once', async () => {
    refuse(a, b);
    expect(await attemptsOfFailure(failover([a, b, a, a, b], { policy }))).toEqual([a, b]);
  });

  test('a host that failed is skipped for stateTimeout', async () => {
    refuse(a);
    accept(b);
    const chainer = failover([a, b], { policy });
    for (let count = 0; count < 3; count += 1) expect(await connect(chainer)).toBe(b);
    expect(network.attempted).toEqual([a, b, b, b]);
    vi.advanceTimersByTime(60_000);
    accept(a);
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });

  test('stateTimeout can be set', async () => {
    refuse(a);
    accept(b);
    const chainer = failover([a, b], { policy, stateTimeout: 1_000 });
    await connect(chainer);
    accept(a);
    chainer.currentHost = 0;
    vi.advanceTimersByTime(999);
    expect(await connect(chainer)).toBe(b);
    vi.advanceTimersByTime(1);
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });

  test('a mark is for address and port', async () => {
    refuse('127.0.0.1:81');
    accept(a);
    const chainer = failover(['127.0.0.1:81', a], { policy });
    expect(await connect(chainer)).toBe(a);
    expect(await connect(chainer)).toBe(a);
    expect(network.attempted).toEqual(['127.0.0.1:81', a, a]);
  });

  test('when all are marked, the marks go and each is tried once again', async () => {
    refuse(a, b);
    const chainer = failover([a, b], { policy });
    expect((await attemptsOfFailure(chainer)).toSorted()).toEqual([a, b]);
    expect((await attemptsOfFailure(chainer)).toSorted()).toEqual([a, b]);
    accept(a, b);
    expect([a, b]).toContain(await connect(chainer));
  });

  test('the last host up fails: those marked before are tried in the same session', async () => {
    refuse(a);
    accept(b);
    const chainer = failover([a, b], { policy });
    await connect(chainer);
    accept(a);
    refuse(b);
    expect(await connect(chainer)).toBe(a);
    // b was found down just now: it is not asked again while a is up.
    const before = network.calls.length;
    await connect(chainer);
    await connect(chainer);
    expect(network.attempted.slice(before)).toEqual([a, a]);
  });

  test('a denial ends the search at once, and marks nothing', async () => {
    network.on(a, { does: 'deny' });
    accept(b);
    const chainer = failover([a, b], { policy });
    await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toBeInstanceOf(AccessDeniedError);
    expect(network.attempted).toEqual([a]);
    accept(a);
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });

  test('a client that goes away ends the search, and marks nothing', async () => {
    network.on(a, { does: 'hang' });
    accept(b);
    const chainer = failover([a, b], { policy });
    const session = fakeSession();
    const outcome = expect(chainer.connectServer(session, 'x', 1)).rejects.toMatchObject({ name: 'ProxyError' });
    sessionWriter.abort(session);
    await outcome;
    expect(network.attempted).toEqual([a]);
    accept(a);
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });

  test('when the proxy itself has no descriptor left, no host is marked', async () => {
    network.on(a, { does: 'fail', code: 'connection_limit_reached' });
    accept(b);
    const chainer = failover([a, b], { policy });
    expect(await connect(chainer)).toBe(b);
    accept(a);
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });

  test('a name counts as one host, and is marked when none of its addresses answers', async () => {
    refuse(a, b);
    accept(c);
    const chainer = failover(['pool.example:80', c], { policy }, { 'pool.example': ['127.0.0.1', '127.0.0.2'] });
    expect(await connect(chainer)).toBe(c);
    expect(await connect(chainer)).toBe(c);
    expect(network.attempted).toEqual([a, b, c, c]);
  });

  test('a name that does not resolve is skipped like a host that is down', async () => {
    accept(a);
    const chainer = failover(['gone.example:80', a], { policy });
    expect(await connect(chainer)).toBe(a);
    expect(chainer.hosts).toHaveLength(2);
  });

  test('sessions at the same time each try every host once at most', async () => {
    for (const address of [a, b, c]) network.on(address, { does: 'fail', code: 'connection_refused', after: 5 });
    const chainer = failover([a, b, c], { policy });
    const sessions = Array.from({ length: 5 }, () => fakeSession());
    const all = Promise.allSettled(sessions.map(async (session) => chainer.connectServer(session, 'x', 1)));
    await vi.advanceTimersByTimeAsync(100);
    await all;
    for (const session of sessions) {
      const own = network.calls.filter((call) => call.session === session).map((call) => formatSockAddr(call.remote));
      expect(own.toSorted()).toEqual([a, b, c]);
    }
  });
});

test('whatever is up or down, a session gets a server that is up if there is one, and tries none twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('rotate', 'sticky'),
      fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { maxLength: 8 }),
      async (policy: 'rotate' | 'sticky', history) => {
        network = new FakeNetwork();
        const chainer = failover([a, b, c], { policy });
        for (const up of history) {
          [a, b, c].forEach((address, index) => (up[index] === true ? accept(address) : refuse(address)));
          const before = network.calls.length;
          const served = await connect(chainer).catch(() => undefined);
          const attempts = network.attempted.slice(before);
          expect(new Set(attempts).size).toBe(attempts.length);
          expect(served !== undefined).toBe(up.includes(true));
        }
      },
    ),
    { numRuns: runs(200) },
  );
});
