import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('doubles from 100 ms to 10 s', () => {
  const backOff = new BackOff();
  const delays = Array.from({ length: 9 }, () => backOff.after(0));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test('begins anew for one that ran a minute', () => {
  const backOff = new BackOff();
  expect([59_999, 59_999, 60_000, 0].map((ran) => backOff.after(ran))).toEqual([100, 200, 100, 200]);
});
