import { AsyncResource } from 'node:async_hooks';
import { expect, test, vi } from 'vitest';
import { ownTimers, useOwnTimers } from './own-timers.ts';

useOwnTimers();

/** What another file has begun. */
const foreign = new AsyncResource('foreign');
const nothing = (): void => undefined;

test.fails('a test that leaves a timer behind fails', async () => {
  await Promise.resolve();
  setTimeout(nothing, 1_000);
});

test.fails('a test that leaves an interval behind fails', () => void setInterval(nothing, 1_000));

test('timers that run out or are cleared are not left behind', () => {
  let late = 0;
  setTimeout(() => (late += 1), 10);
  const [cleared, repeated] = [setTimeout(nothing, 20), setInterval(nothing, 3)];
  expect(ownTimers()).toBe(3);
  vi.advanceTimersByTime(15);
  clearTimeout(cleared);
  clearInterval(repeated);
  expect([late, ownTimers()]).toEqual([1, 0]);
});

test('timers that something else sets are not those of the test', () => {
  const timer = foreign.runInAsyncScope(() => setTimeout(nothing, 1_000));
  expect([timer === undefined, ownTimers()]).toEqual([false, 0]);
});
