import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerCheck } from './server-check.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const times = { interval: 10_000, timeout: 2_000 };

/** When looks were taken, each of which says `isDoubted`. */
function looks(isDoubted: () => boolean, random = () => 0.5): { at: number[]; check: ServerCheck } {
  const start = performance.now();
  const at: number[] = [];
  const check = new ServerCheck(
    times,
    () => {
      at.push(Math.round(performance.now() - start));
      return Promise.resolve(isDoubted());
    },
    random,
  );
  return { at, check };
}

test('the first look is soon, the others follow by the interval', async () => {
  const { at, check } = looks(() => false);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(at).toEqual([500, 10_500, 20_500]);
  check.stop();
});

test.each([
  [0, [0, 8_000, 16_000]],
  [1, [1_000, 13_000, 25_000]],
])('the interval varies by a fifth: with %d', async (random, expected) => {
  const { at, check } = looks(
    () => false,
    () => random,
  );
  await vi.advanceTimersByTimeAsync(expected[2]! + 1);
  expect(at).toEqual(expected);
  check.stop();
});

test('a look in doubt is followed by another one soon', async () => {
  const findings = [true, true, false];
  const { at, check } = looks(() => findings.shift() ?? false);
  await vi.advanceTimersByTimeAsync(13_000);
  expect(at).toEqual([500, 1_500, 2_500, 12_500]);
  check.stop();
});

test('what happens to sessions brings a look forward, once', async () => {
  const { at, check } = looks(() => false);
  await vi.advanceTimersByTimeAsync(4_000);
  check.lookSoon();
  check.lookSoon();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(at).toEqual([500, 5_000, 15_000]);
  check.stop();
});

test('a check that is stopped looks no more, and has no timer', async () => {
  const { at, check } = looks(() => false);
  await vi.advanceTimersByTimeAsync(600);
  check.stop();
  check.lookSoon();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(at).toEqual([500]);
  expect(vi.getTimerCount()).toBe(0);
});
