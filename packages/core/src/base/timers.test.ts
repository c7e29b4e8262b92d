import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Timeout, Timers } from './timers.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function recorded(...names: string[]): { readonly expired: string[]; readonly timeouts: Timeout[] } {
  const expired: string[] = [];
  return { expired, timeouts: names.map((name) => new Timeout(() => expired.push(name))) };
}

test('a list expires in the order in which its timeouts were started, each at its own time', () => {
  const list = new Timers().list(100);
  const { expired, timeouts } = recorded('a', 'b', 'c');
  for (const timeout of timeouts) {
    timeout.start(list);
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(68);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(expired).toEqual(['a']);
  vi.advanceTimersByTime(10);
  expect(expired).toEqual(['a', 'b']);
  vi.advanceTimersByTime(10);
  expect(expired).toEqual(['a', 'b', 'c']);
  expect(list.size).toBe(0);
});

test('a timeout that is started again runs from then', () => {
  const list = new Timers().list(100);
  const { expired, timeouts } = recorded('a', 'b');
  for (const timeout of timeouts) timeout.start(list);
  vi.advanceTimersByTime(60);
  timeouts[0]!.start(list);
  expect(list.size).toBe(2);
  vi.advanceTimersByTime(60);
  expect(expired).toEqual(['b']);
  vi.advanceTimersByTime(40);
  expect(expired).toEqual(['b', 'a']);
});

test('a timeout moves from one duration to another', () => {
  const timers = new Timers();
  const { expired, timeouts } = recorded('a');
  timeouts[0]!.start(timers.list(50));
  timeouts[0]!.start(timers.list(200));
  expect(timers.running).toBe(1);
  vi.advanceTimersByTime(199);
  vi.advanceTimersByTime(0);
  expect(expired.length).toBeLessThanOrEqual(1);
  vi.advanceTimersByTime(1);
  expect(expired).toEqual(['a']);
});

test('a cancelled timeout never expires, wherever it stood in the list, and cancelling twice does nothing', () => {
  for (const victim of [0, 1, 2]) {
    const timers = new Timers();
    const { expired, timeouts } = recorded('0', '1', '2');
    for (const timeout of timeouts) timeout.start(timers.list(100));
    timeouts[victim]!.cancel();
    timeouts[victim]!.cancel();
    expect(timers.running).toBe(2);
    vi.advanceTimersByTime(101);
    expect(expired).toEqual(['0', '1', '2'].filter((name) => name !== String(victim)));
  }
});

test('timeouts of one duration share one timer, and none is left once they are over', () => {
  const timers = new Timers();
  const { timeouts } = recorded(...Array.from({ length: 100 }, (_, index) => String(index)));
  for (const timeout of timeouts) timeout.start(timers.list(100));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(101);
  expect(vi.getTimerCount()).toBe(0);
  expect(timers.running).toBe(0);
});

test('a timeout may start itself and cancel others when it expires', () => {
  const list = new Timers().list(100);
  const expired: string[] = [];
  const second = new Timeout(() => expired.push('second'));
  const first: Timeout = new Timeout(() => {
    expired.push('first');
    second.cancel();
    if (expired.length < 3) first.start(list);
  });
  first.start(list);
  second.start(list);
  vi.advanceTimersByTime(350);
  expect(expired).toEqual(['first', 'first', 'first']);
  expect(list.size).toBe(0);
});

test('closing cancels all and leaves no timer', () => {
  const timers = new Timers();
  const { expired, timeouts } = recorded('a', 'b');
  timeouts[0]!.start(timers.list(100));
  timeouts[1]!.start(timers.list(200));
  timers.close();
  expect(timers.running).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(300);
  expect(expired).toEqual([]);
});

test('an expiry that throws does not keep the others from expiring', () => {
  const list = new Timers().list(100);
  const expired: string[] = [];
  new Timeout(() => {
    throw new Error('defect');
  }).start(list);
  new Timeout(() => expired.push('other')).start(list);
  expect(() => vi.advanceTimersByTime(100)).toThrow('defect');
  vi.advanceTimersByTime(200);
  expect(expired).toEqual(['other']);
});

test('a duration longer than the runtime can wait does not make it spin', () => {
  const month = 40 * 24 * 3600 * 1000;
  const { expired, timeouts } = recorded('a');
  timeouts[0]!.start(new Timers().list(month));
  const start = performance.now();
  // A delay that is too long for the runtime would be over after a millisecond.
  vi.advanceTimersToNextTimer();
  const waited = performance.now() - start;
  expect(waited).toBeGreaterThan(1000);
  expect(waited).toBeLessThanOrEqual(2 ** 31 - 1);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(month + 1 - waited);
  expect(expired).toEqual(['a']);
});
