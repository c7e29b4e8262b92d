import { formatSockAddr, ProxyError, type Chainer } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import { DirectedChainer } from '../directed.ts';
import { FailoverChainer, type FailoverOptions } from '../failover.ts';
import { parseServerAddress, parseServerOrPort } from '../options/server-address.ts';

const [a, b] = ['127.0.0.1:80', '127.0.0.2:80'] as const;
const UNAVAILABLE = { code: 'destination_unavailable', message: expect.stringContaining('taken out of service') };

let network: FakeNetwork;

beforeEach(() => {
  vi.useFakeTimers();
  network = new FakeNetwork().on(a, { does: 'accept' }).on(b, { does: 'accept' });
});

afterEach(() => {
  vi.useRealTimers();
});

function deps() {
  return { establishConnection: network.establishConnection, resolver: new FakeResolver({}) };
}

function failover(hosts: readonly string[], options: Partial<FailoverOptions> = {}): FailoverChainer {
  return new FailoverChainer({ ...options, hosts: hosts.map(parseServerOrPort) }, deps());
}

async function connect(chainer: Chainer, session = fakeSession()): Promise<string> {
  return formatSockAddr((await chainer.connectServer(session, 'x', 1)).remote);
}

describe.each(['drain', 'down'] as const)('a server with the order %s', (order) => {
  test('gets no new sessions, until the order is taken back', async () => {
    const chainer = failover([a, b]);
    expect(chainer.pool.order(a, order)).toBe(true);
    expect([await connect(chainer), await connect(chainer)]).toEqual([b, b]);
    expect(chainer.pool.servers()).toMatchObject([
      { address: a, state: 'up', order },
      { address: b, state: 'up', order: undefined },
    ]);
    chainer.pool.order(a, undefined);
    expect(new Set([await connect(chainer), await connect(chainer)])).toEqual(new Set([a, b]));
  });

  test('gets none either when all others have failed, or are taken out too', async () => {
    network.on(b, { does: 'fail', code: 'connection_refused' });
    const chainer = failover([a, b]);
    chainer.pool.order(a, order);
    await expect(connect(chainer)).rejects.toMatchObject({ code: 'connection_refused' });
    await expect(connect(chainer)).rejects.toMatchObject({ code: 'connection_refused' });
    chainer.pool.order(b, order);
    await expect(connect(chainer)).rejects.toMatchObject(UNAVAILABLE);
    expect(network.attempted).toEqual([b, b]);
  });

  test('is no other server to try for a session whose server has said nothing', async () => {
    const chainer = failover([a, b]);
    const session = fakeSession();
    await connect(chainer, session);
    chainer.pool.order(b, order);
    const error = new ProxyError('connection_terminated', 'Nothing came.');
    expect(chainer.serverFailed(session, { cause: 'reset', error, mayRepeat: true })).toBe(false);
  });

  test('is the only one of a directed chainer: its sessions are refused', async () => {
    const chainer = new DirectedChainer({ remote: parseServerAddress(a) }, deps());
    chainer.pool.order(a, order);
    await expect(connect(chainer)).rejects.toMatchObject(UNAVAILABLE);
    chainer.pool.order(a, undefined);
    expect(await connect(chainer)).toBe(a);
  });
});

test('a server that has failed is down, with its error, since when, and until when it is passed over', async () => {
  vi.setSystemTime(1_000_000);
  network.on(a, { does: 'fail', code: 'connection_refused' });
  const chainer = failover([a, b], { stateTimeout: 5_000 });
  await connect(chainer);
  expect(chainer.pool.servers()).toMatchObject([
    { address: a, state: 'down', why: `${a}: connection_refused.`, since: 1_000_000, nextCheck: 1_005_000 },
    { address: b, state: 'up', why: undefined, since: undefined, nextCheck: undefined },
  ]);
  vi.advanceTimersByTime(5_000);
  expect(chainer.pool.servers()).toMatchObject([{ state: 'up' }, { state: 'up' }]);
});

test('taking an order back forgets also that the server had failed', async () => {
  network.on(a, { does: 'fail', code: 'connection_refused' });
  const chainer = failover([a, b], { policy: 'sticky' });
  await connect(chainer);
  chainer.pool.order(a, undefined);
  expect(chainer.pool.servers()).toMatchObject([{ state: 'up' }, { state: 'up' }]);
});

test('a server that is listed twice is one server, and one that is not listed takes no order', async () => {
  const chainer = failover([a, a, b]);
  expect(chainer.pool.servers().map(({ address }) => address)).toEqual([a, b]);
  expect(chainer.pool.order('127.0.0.9:80', 'drain')).toBe(false);
  chainer.pool.order(a, 'drain');
  expect([await connect(chainer), await connect(chainer)]).toEqual([b, b]);
});

test('says which server a session has', async () => {
  const chainer = failover([a, b]);
  const session = fakeSession();
  expect(chainer.pool.serverOf(session)).toBeUndefined();
  await connect(chainer, session);
  expect(chainer.pool.serverOf(session)).toBe(a);
  const directed = new DirectedChainer({ remote: parseServerAddress(b) }, deps());
  expect(directed.pool.serverOf(session)).toBeUndefined();
  await connect(directed, session);
  expect(directed.pool.serverOf(session)).toBe(b);
});

test('port 0 is one server, whatever ports clients address', async () => {
  const session = fakeSession();
  const { local } = session.client;
  const port = local.family === 'unix' ? 0 : local.port;
  network.on(`127.0.0.1:${port}`, { does: 'fail', code: 'connection_refused' });
  network.on(`127.0.0.2:${port}`, { does: 'accept' });
  const chainer = failover(['127.0.0.1:0', '127.0.0.2:0'], { policy: 'sticky' });
  await connect(chainer, session);
  expect(chainer.pool.serverOf(session)).toBe('127.0.0.2:0');
  expect(chainer.pool.servers()).toMatchObject([
    { address: '127.0.0.1:0', state: 'down' },
    { address: '127.0.0.2:0', state: 'up' },
  ]);
  chainer.pool.order('127.0.0.1:0', undefined);
  chainer.pool.order('127.0.0.2:0', 'down');
  await expect(connect(chainer)).rejects.toMatchObject({ code: 'connection_refused' });
});
