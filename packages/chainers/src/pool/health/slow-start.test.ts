import { expect, test } from 'vitest';
import { SlowStart } from './slow-start.ts';

test('a server has all of its weight until it is told to begin', () => {
  expect(new SlowStart(10_000).share(5)).toBe(1);
});

test('it begins with a tenth, and has all after the time', () => {
  const start = new SlowStart(10_000);
  start.begin(1_000);
  const shares = [1_000, 1_999, 2_000, 6_000, 10_999, 11_000, 50_000].map((now) => start.share(now));
  expect(shares).toEqual([0.1, 0.1, 0.19, 0.55, 0.91, 1, 1]);
});

test('it says when there is more, until there is no more', () => {
  const start = new SlowStart(10_000);
  start.begin(500);
  expect(start.nextStep(500)).toBe(1_500);
  expect(start.nextStep(1_499)).toBe(1_500);
  expect(start.nextStep(1_500)).toBe(2_500);
  start.share(10_500);
  expect(start.nextStep(10_500)).toBeUndefined();
});

test('without a time there is none', () => {
  const start = new SlowStart(0);
  start.begin(1);
  expect(start.share(1)).toBe(1);
});
