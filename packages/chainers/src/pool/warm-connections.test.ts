import { formatSockAddr } from '@inband/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, silentLogger } from '../../../../test/chainers/fake-establisher.ts';
import { parseServerAddress } from '../options/server-address.ts';
import { PoolChainer, type PoolOptions } from './pool-chainer.ts';

const [a, b] = ['127.0.0.1:80', '127.0.0.2:80'] as const;

let network: FakeNetwork;
let warnings: string[];
/** Whether idle connections are kept. */
let isKept: boolean;
let chainer: PoolChainer | undefined;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  network = new FakeNetwork().on(a, { does: 'accept' });
  warnings = [];
  isKept = true;
});

afterEach(() => {
  chainer?.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function idle(): string[] {
  if (!isKept) return [];
  const released = network.connections.filter(({ state }) => state === 'released');
  return released.map(({ remote }) => formatSockAddr(remote));
}

function start(options: Partial<PoolOptions>, servers: readonly string[] = [a]): PoolChainer {
  const deps = {
    establishConnection: network.establishConnection,
    resolver: new FakeResolver({}),
    logger: { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) },
    idleConnections: (key: string) => idle().filter((server) => server === key).length,
  };
  const listed = servers.map((server) => ({ address: parseServerAddress(server) }));
  chainer = new PoolChainer({ minIdle: 2, ...options, servers: listed }, deps);
  chainer.start();
  return chainer;
}

test('so many idle connections are kept to each server, and those that are gone are made again', async () => {
  network.on(b, { does: 'accept' });
  start({}, [a, b]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(idle().toSorted()).toEqual([a, a, b, b]);
  network.connections[0]?.destroy();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(idle().toSorted()).toEqual([a, a, b, b]);
  expect(network.connections).toHaveLength(5);
});

test('they are made by sessions of the proxy itself, at no server that was taken out', async () => {
  const { pool } = start({});
  pool.order(a, 'drain');
  await vi.advanceTimersByTimeAsync(1);
  const made = network.calls.length;
  expect(network.calls.every(({ session }) => session.client.isProxyItself === true && !session.mayReuse)).toBe(true);
  for (const connection of network.connections) connection.destroy();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(network.calls).toHaveLength(made);
});

test('a server that cannot be connected to is tried again after a while, and is not down for that', async () => {
  network.on(a, { does: 'fail', code: 'connection_refused' });
  const { pool } = start({});
  await vi.advanceTimersByTimeAsync(9_500);
  expect(network.calls).toHaveLength(2);
  network.on(a, { does: 'accept' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(idle()).toEqual([a, a]);
  expect(pool.servers()).toMatchObject([{ state: 'up' }]);
});

test('where fewer are kept than are wanted the log says why, once, and it does not go on and on', async () => {
  isKept = false;
  start({});
  await vi.advanceTimersByTimeAsync(30_000);
  expect(network.calls.length).toBeLessThanOrEqual(8);
  expect(warnings).toEqual([expect.stringContaining('serverPool.maxIdlePerServer')]);
});

test('a pool that ends makes no more, and leaves none half-made', async () => {
  network.on(a, { does: 'hang' });
  start({}).close();
  await vi.advanceTimersByTimeAsync(1);
  expect(network.calls.map(({ ended }) => ended)).toEqual(['cancelled', 'cancelled']);
});

test("it excludes forgeAddr, with which a connection is its client's", () => {
  expect(() => start({ forgeAddr: true })).toThrow('minIdle');
  chainer = undefined;
});
