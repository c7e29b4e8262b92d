import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { scripted } from '../../../../test-support/scripted-system.ts';
import { SO_KEEPALIVE, type SocketOption } from '../system/system.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

/** Connections that were dialled, and the descriptors for which keep-alive was turned on. */
function lab() {
  const { system, connect } = scripted();
  const kept: number[] = [];
  system.setOption = (descriptor: number, option: SocketOption): number => {
    if (option === SO_KEEPALIVE) kept.push(descriptor);
    return 0;
  };
  return { connect, kept };
}

test('a connection that is still open after some seconds has keep-alive from then on, and it is turned on once', () => {
  const { connect, kept } = lab();
  const connection = connect();
  connection.keepAliveLater();
  expect(kept).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(kept).toEqual([5]);
  connect(6).keepAliveLater();
  vi.advanceTimersByTime(10_000);
  expect(kept).toEqual([5, 6]);
  connection.destroy();
});

test('an owner that expects silence has it turned on at once, and only once', () => {
  const { connect, kept } = lab();
  const connection = connect();
  connection.keepAliveLater();
  connection.keepAlive();
  expect(kept).toEqual([5]);
  connection.keepAlive();
  vi.advanceTimersByTime(10_000);
  expect(kept).toEqual([5]);
  connection.destroy();
});

test('nothing is done for a connection that is closed by then', () => {
  const { connect, kept } = lab();
  const connection = connect();
  connection.keepAliveLater();
  connection.destroy();
  vi.advanceTimersByTime(10_000);
  expect(kept).toEqual([]);
});
