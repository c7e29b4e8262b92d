import { expect, test } from 'vitest';
import { FirstByteTimes } from './first-byte-times.ts';

function timesOf(quantile: number, times: readonly number[]): number | undefined {
  const known = new FirstByteTimes(quantile);
  for (const time of times) known.add(time);
  return known.value;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('nothing is known of a few sessions', () => {
  expect(timesOf(0.95, upTo(31))).toBeUndefined();
});

test('five of a hundred sessions have had to wait for longer than the value', () => {
  expect(timesOf(0.95, upTo(256))).toBe(243);
  expect(timesOf(0.95, upTo(256).toReversed())).toBe(243);
  expect(timesOf(0.5, upTo(256))).toBe(128);
});

test('what was before the last 256 is forgotten', () => {
  expect(timesOf(0.95, [...Array<number>(256).fill(10_000), ...upTo(256)])).toBe(243);
});
