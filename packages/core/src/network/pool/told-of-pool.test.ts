import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../../test-support/fake-connection.ts';
import { inetAddr } from '../../base/address.ts';
import { Timers } from '../../base/timers.ts';
import { poolChannel } from '../../diagnostics/channels.ts';
import type { PoolCloseReason, PoolMessage } from '../../diagnostics/pool-messages.ts';
import type { ServerConnection } from '../../session/server-connection.ts';
import { ServerPool } from './server-pool.ts';

const server = inetAddr('192.0.2.1', 80)!;

let heard: PoolMessage[];
const listen = (message: PoolMessage): void => void heard.push(message);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  heard = [];
  poolChannel.subscribe(listen);
});
afterEach(() => {
  poolChannel.unsubscribe(listen);
  vi.useRealTimers();
});

function poolOf(maxIdle = 8): { pool: ServerPool; adopt: () => ServerConnection } {
  const pool = new ServerPool({ timers: new Timers(), idleTimeout: 1000, maxIdlePerServer: 8, maxIdle, quietTime: 0 });
  return { pool, adopt: () => pool.adopt(new FakeConnection(), server, 'key') };
}

type Way = (adopted: ServerConnection, pool: ServerPool) => void;

/** Each way in which a connection leaves the pool for good, once it was released. */
const WAYS: readonly (readonly [PoolCloseReason, Way])[] = [
  ['expired', () => vi.advanceTimersByTime(2000)],
  ['closed-by-server', ({ connection }) => connection.handler.ended()],
  ['closed-by-server', ({ connection }) => connection.handler.closed()],
  ['unasked-bytes', ({ connection }) => connection.handler.data(Buffer.from('?'), 0, 1)],
  ['evicted', (_, pool) => pool.makeRoom()],
  ['pool-closed', (_, pool) => pool.close()],
];

test.each(WAYS)('an idle connection that leaves the pool says why: %s', (reason, leave) => {
  const { pool, adopt } = poolOf();
  const adopted = adopt();
  adopted.release();
  leave(adopted, pool);
  const common = { server, connection: adopted.id };
  expect(heard).toEqual([
    { event: 'adopted', session: undefined, client: undefined, ...common, open: 1 },
    { event: 'released', session: undefined, client: undefined, ...common, uses: 1, keepFor: undefined },
    { event: 'closed', session: undefined, ...common, reason, uses: 1 },
  ]);
});

test('what happens to a connection names the session that acquired it last, and none while it is idle', () => {
  const { pool } = poolOf();
  const adopted = pool.adopt(new FakeConnection(), server, 'key', { session: 7 });
  adopted.release();
  pool.acquire('key', undefined, Infinity, 8)!.release();
  pool.acquire('key', undefined, Infinity, 9)!.destroy();
  const idle = pool.adopt(new FakeConnection(), server, 'key', { session: 10 });
  idle.release();
  pool.close();
  expect(heard.map(({ event, session }) => [event, session])).toEqual([
    ['adopted', 7],
    ['released', 7],
    ['released', 8],
    ['closed', 9],
    ['adopted', 10],
    ['released', 10],
    ['closed', undefined],
  ]);
});

test('a connection that its server does not keep any longer is stale', () => {
  const { pool, adopt } = poolOf();
  adopt().release(10);
  vi.advanceTimersByTime(20);
  expect(pool.acquire('key')).toBeUndefined();
  expect(heard.slice(1)).toMatchObject([
    { event: 'released', keepFor: 10 },
    { event: 'closed', reason: 'stale' },
  ]);
});

test('a connection for which there is no place is not kept', () => {
  poolOf(0).adopt().release();
  expect(heard.slice(1)).toMatchObject([{ event: 'closed', reason: 'not-kept', uses: 0 }]);
});

test('a connection that its session could not leave clean is discarded, once', () => {
  const adopted = poolOf().adopt();
  adopted.destroy();
  adopted.destroy();
  expect(heard.slice(1)).toMatchObject([{ event: 'closed', reason: 'discarded', uses: 0 }]);
});

test('whoever counts is told of each connection that is made, and why it was closed, without subscribers', () => {
  poolChannel.unsubscribe(listen);
  const told: string[] = [];
  const watcher = { opened: () => told.push('opened'), closed: (reason: PoolCloseReason) => told.push(reason) };
  const limits = { idleTimeout: 1000, maxIdlePerServer: 1, maxIdle: 1 };
  const pool = new ServerPool({ timers: new Timers(), ...limits, quietTime: 0, watcher });
  const adopt = (): ServerConnection => pool.adopt(new FakeConnection(), server, 'key');
  const [first, second, third] = [adopt(), adopt(), adopt()];
  first.release();
  second.release();
  third.destroy();
  vi.advanceTimersByTime(2000);
  expect(told).toEqual(['opened', 'opened', 'opened', 'not-kept', 'discarded', 'expired']);
});
