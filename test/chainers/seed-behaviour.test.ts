import {
  DirectedChainer,
  FailoverChainer,
  parseServerOrPort,
  StackedChainer,
  TransparentChainer,
  type FailoverOptions,
} from '@inband/chainers';
import {
  AccessDeniedError,
  formatSockAddr,
  ProxyError,
  type Chainer,
  type InetAddr,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChainerHarness, connectTimeout } from './harness.ts';

/**
 * What the original's chainers do and users of firewalls rely on, and what they did badly and ours must not, over a
 * network in memory with Inband's own policy, pool and establishConnection. Every connection in here is a fresh one.
 */

const [a, b, c] = ['127.0.0.1:80', '127.0.0.2:80', '127.0.0.3:80'] as const;
const all = [a, b, c];

let harness: ChainerHarness;

beforeEach(() => {
  harness = new ChainerHarness({ serverChosenBy: 'operator', stacked: false });
});

afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

function address(text: string): InetAddr {
  const parsed = parseServerOrPort(text);
  if (!('family' in parsed) || parsed.family === 'unix') throw new Error(`${text} is no address.`);
  return parsed;
}

function failover(hosts: readonly string[], options: Partial<FailoverOptions> = {}): FailoverChainer {
  return new FailoverChainer({ connectTimeout, ...options, hosts: hosts.map(parseServerOrPort) }, harness.deps);
}

async function serve(...addresses: readonly string[]): Promise<void> {
  for (const text of addresses) await harness.serve('echoes', address(text));
}

/** Connects, and gives where the session ended up. Nothing is released, so nothing is reused. */
async function connect(chainer: Chainer, session: Session = harness.session()): Promise<string> {
  const connection = await chainer.connectServer(session, 'elsewhere.example', 9999);
  connection.destroy();
  return formatSockAddr(connection.remote);
}

async function failure(chainer: Chainer, session: Session = harness.session()): Promise<ProxyError> {
  const outcome: unknown = await Promise.resolve(chainer.connectServer(session, 'elsewhere.example', 9999)).catch(
    (error: unknown) => error,
  );
  if (!(outcome instanceof ProxyError)) return expect.fail(`expected a ProxyError, got ${String(outcome)}`);
  return outcome;
}

/** The addresses dialled since the last call, in order. */
function dialled(): string[] {
  return harness.network.dialled.splice(0).map(formatSockAddr);
}

function count(servers: readonly string[]): Record<string, number> {
  return Object.fromEntries(servers.map((server) => [server, servers.filter((other) => other === server).length]));
}

describe('round robin', () => {
  test('goes through the hosts in order and begins again after the last', async () => {
    await serve(...all);
    const chainer = failover(all);
    const served: string[] = [];
    for (let session = 0; session < 7; session += 1) served.push(await connect(chainer));
    expect(served).toEqual([a, b, c, a, b, c, a]);
    expect(dialled()).toEqual(served);
  });

  test.each(all)('with %s of three down, each live server is still used, and equally often', async (down) => {
    const live = all.filter((host) => host !== down);
    await serve(...live);
    const chainer = failover(all);
    const served: string[] = [];
    for (let session = 0; session < 12; session += 1) served.push(await connect(chainer));
    expect(count(served)).toEqual({ [live[0]!]: 6, [live[1]!]: 6 });
    // One session finds it down; the others do not pay for that.
    expect(count(dialled())).toMatchObject({ [down]: 1 });
  });

  test.each(all)('with %s of three down, sessions that begin together are spread over both others', async (down) => {
    const live = all.filter((host) => host !== down);
    await serve(...live);
    const chainer = failover(all);
    const served = await Promise.all(Array.from({ length: 12 }, () => connect(chainer)));
    expect(count(served)).toEqual({ [live[0]!]: 6, [live[1]!]: 6 });
  });

  test('a silent server costs the sessions that wait for it one connectTimeout, and their share is spread', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    await serve(b, c);
    await harness.serve('is-silent', address(a));
    const chainer = failover(all);
    const together = Promise.all(Array.from({ length: 12 }, () => connect(chainer)));
    await vi.waitUntil(() => harness.accepted.length === 8);
    await vi.advanceTimersByTimeAsync(connectTimeout);
    expect(count(await together)).toEqual({ [b]: 6, [c]: 6 });
    dialled();
    expect(count([await connect(chainer), await connect(chainer)])).toEqual({ [b]: 1, [c]: 1 });
    expect(dialled()).not.toContain(a);
  });
});

describe('a denied server ends the search', () => {
  const denyA = [{ action: 'deny', servers: ['127.0.0.1/32'] }] as const;

  test('nothing is dialled, not even the next host', async () => {
    await serve(...all);
    const session = harness.session(denyA);
    const error = await failure(failover(all), session);
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(error.address).toEqual(address(a));
    expect(session.serverAddress).toEqual(address(a));
    expect(dialled()).toEqual([]);
  });

  test('also when it comes after a host that is down: what follows it is not tried', async () => {
    await serve(a, c);
    expect(await failure(failover([b, a, c]), harness.session(denyA))).toBeInstanceOf(AccessDeniedError);
    expect(dialled()).toEqual([b]);
  });

  test('and is not taken for down: the next session, which may go there, does', async () => {
    await serve(...all);
    const chainer = failover(all);
    await failure(chainer, harness.session(denyA));
    chainer.currentHost = 0;
    expect(await connect(chainer)).toBe(a);
  });
});

describe('which servers are down is known', () => {
  test('by address and port: another port of the same address stays in use', async () => {
    await serve('127.0.0.1:81');
    const chainer = failover(['127.0.0.1:80', '127.0.0.1:81']);
    expect([await connect(chainer), await connect(chainer)]).toEqual(['127.0.0.1:81', '127.0.0.1:81']);
    expect(dialled()).toEqual(['127.0.0.1:80', '127.0.0.1:81', '127.0.0.1:81']);
  });

  test('by the port that is dialled, also where the configuration leaves it to the client', async () => {
    await serve('127.0.0.1:443', '127.0.0.2:80');
    const chainer = failover(['127.0.0.1:0', '127.0.0.2:0']);
    const on = (port: number) => harness.session([], { originalDestination: { ...address(a), port } });
    expect(await connect(chainer, on(80))).toBe('127.0.0.2:80');
    expect(await connect(chainer, on(443))).toBe('127.0.0.1:443');
    expect(dialled()).toEqual(['127.0.0.1:80', '127.0.0.2:80', '127.0.0.1:443']);
  });

  test('and all of them: the marks are cleared, and each is tried once', async () => {
    const chainer = failover(all);
    for (let session = 0; session < 3; session += 1) {
      expect(await failure(chainer)).toMatchObject({ code: 'connection_refused' });
      expect(dialled().toSorted()).toEqual(all);
    }
    await serve(b);
    expect(await connect(chainer)).toBe(b);
    await harness.nothingOpen();
  });
});

describe('a second connect in one session', () => {
  test('terminates, whatever the first one left behind: each host is tried once more and no oftener', async () => {
    const chainer = failover(all);
    const session = harness.session();
    await failure(chainer, session);
    expect(dialled()).toEqual(all);
    await failure(chainer, session);
    expect(dialled().toSorted()).toEqual(all);
    expect(session.attempts).toHaveLength(6);
  });

  test('after one that connected goes to the next host', async () => {
    await serve(...all);
    const chainer = failover(all);
    const session = harness.session();
    expect([await connect(chainer, session), await connect(chainer, session)]).toEqual([a, b]);
  });

  test('of a stacked proxy is an error, and what the first one picked up stays as it is', async () => {
    const stacked = new ChainerHarness({ serverChosenBy: 'client', stacked: true });
    const chainer = new StackedChainer(stacked.deps);
    const session = stacked.session();
    const first: ServerConnection = await chainer.connectServer(session, 'x', 1);
    expect(await failure(chainer, session)).toMatchObject({ code: 'proxy_internal_error', fault: 'proxy' });
    expect(stacked.network.connections()).toContain(first.connection);
    first.destroy();
    await stacked.close();
  });
});

describe('duplicate addresses are tried once', () => {
  test.each([
    ['as they stand', [a, b, a, a, b], [a, b]],
    ['in other words', ['[::1]:80', '[0:0::1]:80', '[::ffff:127.0.0.1]:80', a], ['[::1]:80', a]],
    ['through the port that the client addressed', ['127.0.0.1:0', '127.0.0.1:8080', b], ['127.0.0.1:8080', b]],
  ])('however they are written: %s', async (_how, hosts, tried) => {
    expect(await failure(failover(hosts))).toMatchObject({ code: 'connection_refused' });
    expect(dialled()).toEqual(tried);
  });

  test('also where nothing is ever marked as down', async () => {
    await failure(failover([a, b, a], { stateTimeout: 0 }));
    expect(dialled()).toEqual([a, b]);
  });
});

describe('port 0 means the port that the client originally addressed', () => {
  const intercepted = { originalDestination: address('127.0.0.77:8443') };

  test('directed: the port of the original destination, whatever the request says', async () => {
    await serve('127.0.0.1:8443');
    const chainer = new DirectedChainer({ remote: address('127.0.0.1:0') }, harness.deps);
    expect(await connect(chainer, harness.session([], intercepted))).toBe('127.0.0.1:8443');
    expect(chainer.remote).toEqual(address('127.0.0.1:0'));
  });

  test('directed, to a name', async () => {
    await serve('127.0.0.80:8443');
    const chainer = new DirectedChainer({ remote: { host: 'server.example', port: 0 } }, harness.deps);
    expect(await connect(chainer, harness.session([], intercepted))).toBe('127.0.0.80:8443');
  });

  test('failover: for every host that leaves it open', async () => {
    await serve('127.0.0.2:8443', '127.0.0.3:90');
    const chainer = failover(['127.0.0.1:0', '127.0.0.2:0', '127.0.0.3:90']);
    expect(await connect(chainer, harness.session([], intercepted))).toBe('127.0.0.2:8443');
    expect(await connect(chainer, harness.session([], intercepted))).toBe('127.0.0.3:90');
    expect(dialled()).toEqual(['127.0.0.1:8443', '127.0.0.2:8443', '127.0.0.3:90']);
  });

  test('transparent: a forcedPort of 0 keeps it, any other replaces it', async () => {
    await serve('127.0.0.77:8443', '127.0.0.77:90');
    const kept = new TransparentChainer({ forcedPort: 0 }, harness.deps);
    const forced = new TransparentChainer({ forcedPort: 90 }, harness.deps);
    expect(await connect(kept, harness.session([], intercepted))).toBe('127.0.0.77:8443');
    expect(await connect(forced, harness.session([], intercepted))).toBe('127.0.0.77:90');
  });

  test('of a client that was not intercepted: the port where it reached us', async () => {
    await serve('127.0.0.1:3130');
    const chainer = new DirectedChainer({ remote: address('127.0.0.1:0') }, harness.deps);
    const place = { originalDestination: null, local: address('127.0.0.9:3130') };
    expect(await connect(chainer, harness.session([], place))).toBe('127.0.0.1:3130');
  });

  test('the access check evaluates that port', async () => {
    await serve('127.0.0.1:8443');
    const chainer = new DirectedChainer({ remote: address('127.0.0.1:0') }, harness.deps);
    const session = harness.session([{ action: 'deny', ports: [8443] }], intercepted);
    expect(await failure(chainer, session)).toMatchObject({ address: address('127.0.0.1:8443') });
    expect(dialled()).toEqual([]);
  });

  test.each([
    ['directed', () => new DirectedChainer({ remote: address('127.0.0.1:0') }, harness.deps), 'chainer.remote'],
    ['failover', () => failover(['127.0.0.1:0']), 'chainer.hosts'],
  ] as const)('%s: a client of a Unix socket addressed none, which is an error', async (_kind, make, setting) => {
    const place = { originalDestination: null, local: { family: 'unix', path: '/run/in.sock' } } as const;
    expect(await failure(make(), harness.session([], place))).toMatchObject({
      code: 'proxy_configuration_error',
      setting,
    });
    expect(dialled()).toEqual([]);
  });
});
