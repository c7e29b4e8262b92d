import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../../test-support/fake-connection.ts';
import type { Connection } from '../../base/connection.ts';
import { Flow } from '../../limits/bytes/flow.ts';
import { Pace } from '../../limits/bytes/pace.ts';
import type { SessionBytes } from '../../limits/bytes/session-bytes.ts';
import { Timers } from '../../base/timers.ts';
import { Relay } from '../relay.ts';

const MiB = 2 ** 20;

/** A connection that can splice, and does when a test says so. */
class SplicingConnection extends FakeConnection {
  /** Bytes that it was asked to forward, one after the other. */
  readonly asked: number[] = [];
  /** Of these, what is left of the last. */
  left = 0;

  forward(_to: Connection, bytes = Infinity): boolean {
    if (this.left > 0) return false;
    this.asked.push(bytes);
    this.left = bytes;
    return true;
  }

  /** So many bytes arrive and are spliced. */
  splice(bytes: number): void {
    const moved = Math.min(bytes, this.left);
    this.left -= moved;
    this.handler.forwarded?.(moved);
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function paced(rate: number) {
  const timers = new Timers();
  const client = new SplicingConnection();
  const server = new SplicingConnection();
  const pace = new Pace(rate, () => performance.now());
  const bytes: SessionBytes = {
    turn: () => undefined,
    fromClient: (owner) => new Flow([], [], owner),
    toClient: (owner) => new Flow([pace], [], owner),
    close: () => {},
  };
  new Relay(client, server, { idle: timers.list(60_000), bytes, done: () => {} }).start({ clientEnded: false });
  return { client, server, timers };
}

test('no more is spliced at a time than may be read, and the next part is asked for at once', () => {
  const { server, timers } = paced(1_000_000);
  // Less than one read may bring.
  const burst = 200_000;
  expect(server.asked).toEqual([burst]);
  server.splice(100_000);
  expect(server.asked).toEqual([burst]);
  expect(server.paused).toBe(false);
  vi.advanceTimersByTime(50);
  server.splice(burst);
  // Meanwhile the bytes of 50 ms have been added.
  expect(server.asked).toEqual([burst, 50_000]);
  timers.close();
});

test('it is not read while it has had its share, and goes on with what has been added meanwhile', () => {
  const { server, timers } = paced(1_000_000);
  server.splice(200_000);
  expect(server.paused).toBe(true);
  expect(server.asked).toHaveLength(1);
  vi.advanceTimersByTime(9);
  expect(server.paused).toBe(true);
  vi.advanceTimersByTime(2);
  expect(server.paused).toBe(false);
  expect(server.asked[1]).toBeGreaterThan(9_000);
  expect(server.asked[1]).toBeLessThan(13_000);
  timers.close();
});

test('where much may be read, the first bytes are read and not spliced, as without a limit', () => {
  const { server, client, timers } = paced(64 * MiB);
  expect(server.asked).toEqual([]);
  server.handler.data(Buffer.alloc(MiB), 0, 256 * 1024);
  expect([server.asked, client.written.length]).toEqual([[], 256 * 1024]);
  server.handler.data(Buffer.alloc(MiB), 0, 256 * 1024);
  expect(server.asked).toEqual([MiB]);
  timers.close();
});
