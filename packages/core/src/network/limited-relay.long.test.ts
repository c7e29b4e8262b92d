import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { passTime } from '../../test-support/passing-time.ts';
import type { Connection } from '../base/connection.ts';
import { Timers } from '../base/timers.ts';
import { Flow, type FlowOwner } from '../limits/bytes/flow.ts';
import type { Gate } from '../limits/bytes/gate.ts';
import { MemoryGate } from '../limits/bytes/memory-gate.ts';
import { Pace } from '../limits/bytes/pace.ts';
import { DayCount, Quota } from '../limits/bytes/quota.ts';
import type { SessionBytes } from '../limits/bytes/session-bytes.ts';
import { queuedBytes } from '../limits/queued/queued-bytes.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../transport/memory/memory.ts';
import { Relay, tunnelError, type RelayResult } from './relay.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const now = (): number => performance.now();
const LIMIT = { bytes: 100_000, written: '100KB/day' };
const quotaOf = (user: string): Quota =>
  new Quota(new DayCount(), LIMIT, `the user "${user}"`, 'services.out.limits.perUser.quota');
/** Bytes that a connection in memory holds in each direction before it tells its sender to wait. */
const WINDOW = 16_384;

/** A far end, which counts what it receives, and may send all the time. */
class Peer {
  readonly connection: Connection;
  received = 0;
  hasEnded = false;
  error: Error | undefined = undefined;
  isClosed = false;
  sends = false;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = {
      data: (_bytes, start, end) => void (this.received += end - start),
      drained: () => this.sends && this.send(),
      ended: () => void (this.hasEnded = true),
      closed: (error) => {
        this.isClosed = true;
        this.error = error;
      },
    };
    connection.resume();
  }

  send(): void {
    this.sends = true;
    for (let sent = 0; sent < 64 && this.connection.write(Buffer.alloc(4_096)); sent += 1);
  }
}

interface Limits {
  readonly fromClient?: readonly Gate[];
  readonly toClient?: readonly Gate[];
  readonly quotas?: readonly Quota[];
}

const limitsOf = ({ fromClient = [], toClient = [], quotas = [] }: Limits): SessionBytes => ({
  turn: () => undefined,
  fromClient: (owner: FlowOwner) => new Flow(fromClient, quotas, owner),
  toClient: (owner: FlowOwner) => new Flow(toClient, quotas, owner),
  close: () => {},
});

function tunnel(limits: Limits, network: MemoryNetwork = createMemoryNetwork({ window: WINDOW }), idle = 600_000) {
  const timers = new Timers();
  const toClient = network.connectPair();
  const toServer = network.connectPair();
  let result: RelayResult | undefined;
  const relay = new Relay(toClient.server, toServer.client, {
    idle: timers.list(idle),
    halfClose: timers.list(5_000),
    bytes: limitsOf(limits),
    done: (ended) => void (result = ended),
  });
  const client = new Peer(toClient.client);
  const server = new Peer(toServer.server);
  relay.start({ clientEnded: false });
  return { network, timers, relay, client, server, result: () => result };
}

async function close(...made: ReturnType<typeof tunnel>[]): Promise<void> {
  for (const { relay, client, server } of made) {
    relay.destroy();
    client.connection.destroy();
    server.connection.destroy();
  }
  await passTime(10);
  for (const { timers, network } of made) {
    expect([timers.running, network.open]).toEqual([0, 0]);
    // It has a timer of the runtime for a while.
    timers.close();
  }
  expect([queuedBytes.total, vi.getTimerCount()]).toEqual([0, 0]);
}

/** Whether the two differ by less than a tenth. */
function expectAbout(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(0.1);
}

for (const rate of [50_000, 1_000_000]) {
  test(`each way has a pace of its own (${rate} bytes per second from the client)`, async () => {
    const made = tunnel({ fromClient: [new Pace(rate, now)], toClient: [new Pace(2 * rate, now)] });
    made.client.send();
    made.server.send();
    await passTime(5_000);
    expectAbout(made.server.received, 5 * rate);
    expectAbout(made.client.received, 10 * rate);
    await close(made);
  });
}

test('while it is held, the sender waits and nothing is kept in between', async () => {
  const made = tunnel({ fromClient: [new Pace(1_000, now)] });
  made.client.send();
  await passTime(100);
  const { received } = made.server;
  // What waits is in the connection from the client, which tells it to wait, and not in the one to the server.
  expect(queuedBytes.total).toBeLessThanOrEqual(WINDOW + 4_096);
  await passTime(1_000);
  expect(made.server.received).toBe(received);
  expect(queuedBytes.total).toBeLessThanOrEqual(WINDOW + 4_096);
  await close(made);
});

test('tunnels that share a pace get the same of it', async () => {
  const network = createMemoryNetwork({ window: WINDOW });
  const pace = new Pace(1_000_000, now);
  const made = [1, 2, 3, 4].map(() => tunnel({ toClient: [pace] }, network));
  for (const { server } of made) server.send();
  await passTime(4_000);
  const counts = made.map(({ client }) => client.received);
  const total = counts.reduce((sum, bytes) => sum + bytes);
  expectAbout(total, 4_000_000);
  expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.1);
  await close(...made);
});

test('a sender is read on only when both the pace and the receiver allow it', async () => {
  const made = tunnel({ toClient: [new Pace(100_000, now)] });
  made.client.connection.pause();
  made.server.send();
  await passTime(3_000);
  // The receiver is what keeps it from being read, long after the pace would.
  expect(queuedBytes.total).toBeLessThanOrEqual(3 * WINDOW + 3 * 4_096);
  made.client.connection.resume();
  await passTime(5_000);
  expect(made.client.received).toBeGreaterThan(450_000);
  await close(made);
});

test('a quota ends it with an error that says whose', async () => {
  const made = tunnel({ quotas: [quotaOf('ci')] });
  made.server.send();
  await passTime(1_000);
  const result = made.result()!;
  expect(result.failed).toBe('limit');
  expect(result.bytesOut).toBeLessThanOrEqual(100_000);
  expect(made.client.received).toBeLessThanOrEqual(result.bytesOut);
  const error = tunnelError(result, { tunnelIdleTimeout: 1, tunnelHalfCloseTimeout: 1 }, 'http');
  expect(error).toMatchObject({
    message: 'The quota of the user "ci", 100KB/day, is used up.',
    status: 429,
    setting: 'services.out.limits.perUser.quota',
  });
  expect(made.client.error).toMatchObject({ code: 'connection_terminated' });
  expect(made.network.open).toBe(0);
});

test('both ways count for a quota, and for all tunnels that have it', async () => {
  const network = createMemoryNetwork({ window: WINDOW });
  const day = new DayCount();
  const quota = new Quota(day, LIMIT, 'this service', 'services.out.limits.quota');
  const made = [tunnel({ quotas: [quota] }, network), tunnel({ quotas: [quota] }, network)];
  made[0]!.client.connection.write(Buffer.alloc(40_000));
  made[1]!.server.connection.write(Buffer.alloc(40_000));
  await passTime(10);
  expect(day.used).toBe(80_000);
  expect(made.map(({ result }) => result())).toEqual([undefined, undefined]);
  made[0]!.server.connection.write(Buffer.alloc(20_001));
  await passTime(10);
  expect(made[0]!.result()).toMatchObject({ failed: 'limit' });
  // The other one ends with its next byte.
  expect(made[1]!.result()).toBeUndefined();
  made[1]!.client.connection.write(Buffer.alloc(1));
  await passTime(10);
  expect(made[1]!.result()).toMatchObject({ failed: 'limit' });
  expect(network.open).toBe(0);
});

test('a quota begins anew at midnight UTC', () => {
  vi.setSystemTime(new Date('2026-11-29T23:59:30Z'));
  const day = new DayCount();
  const quota = new Quota(day, LIMIT, 'this service', 'services.out.limits.quota');
  expect(quota.take(100_000)).toBe(true);
  expect(quota.isUsedUp).toBe(true);
  expect(quota.error().retryAfter).toBe(30);
  vi.setSystemTime(new Date('2026-11-30T00:00:00Z'));
  expect([quota.isUsedUp, day.used]).toEqual([false, 0]);
});

test('while too much is queued, no tunnel is read, and all go on afterwards', async () => {
  const network = createMemoryNetwork({ window: WINDOW });
  const gate = new MemoryGate(10_000_000);
  const limits = { fromClient: [gate], toClient: [gate] };
  const made = [1, 2, 3].map(() => tunnel(limits, network));
  for (const { server } of made) server.send();
  await passTime(20);
  expect(Math.min(...made.map(({ client }) => client.received))).toBeGreaterThan(50_000);
  // As other connections do whose peers do not keep up.
  queuedBytes.add(10_000_000);
  await passTime(5);
  const carried = made.map(({ relay }) => relay.bytesOut);
  const late = tunnel(limits, network);
  late.server.send();
  await passTime(500);
  expect(made.map(({ relay }) => relay.bytesOut)).toEqual(carried);
  expect(late.client.received).toBe(0);
  queuedBytes.add(-10_000_000);
  await passTime(50);
  expect(made.every(({ relay }, index) => relay.bytesOut > carried[index]! + 50_000)).toBe(true);
  expect(late.client.received).toBeGreaterThan(50_000);
  await close(...made, late);
});

test('a tunnel whose client takes nothing is idle also while that keeps it from being read', async () => {
  const network = createMemoryNetwork({ window: WINDOW });
  const gate = new MemoryGate(40_000);
  const limits = { fromClient: [gate], toClient: [gate] };
  const made = tunnel(limits, network, 10_000);
  made.client.connection.pause();
  made.server.connection.write(Buffer.alloc(60_000));
  await passTime(1_000);
  const other = tunnel(limits, network);
  other.server.connection.write(Buffer.alloc(1_000));
  await passTime(5_000);
  expect([other.client.received, made.result()]).toEqual([0, undefined]);
  await passTime(10_000);
  expect(made.result()).toMatchObject({ failed: 'idle' });
  expect(other.client.received).toBe(1_000);
  await close(made, other);
});

test('a half-closed tunnel that a pace holds is not taken for one whose rest does not come', async () => {
  const made = tunnel({ toClient: [new Pace(10_000, now)] });
  made.client.connection.end();
  made.server.connection.write(Buffer.alloc(200_000));
  made.server.connection.end();
  await passTime(30_000, () => made.client.hasEnded);
  expect(made.client.received).toBe(200_000);
  await close(made);
});

test('without limits the directions of a relay know nothing of them', async () => {
  const network = createMemoryNetwork();
  const timers = new Timers();
  const pair = network.connectPair();
  const other = network.connectPair();
  const relay = new Relay(pair.server, other.client, { idle: timers.list(1_000), done: () => {} });
  relay.start({ clientEnded: false });
  expect(pair.server.handler.constructor.name).toBe('Direction');
  relay.destroy();
  pair.client.destroy();
  other.server.destroy();
  await passTime(10);
  expect(network.open).toBe(0);
});
