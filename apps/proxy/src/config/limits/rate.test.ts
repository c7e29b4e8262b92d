import { expect, test } from 'vitest';
import { rate } from './rate.ts';

test.each([
  ['100/s', { amount: 100, per: 1_000, burst: 1_000 }],
  ['50/m', { amount: 50, per: 60_000, burst: 9 }],
  ['1/h', { amount: 1, per: 3_600_000, burst: 1 }],
  ['1000000/s', { amount: 1_000_000, per: 1_000, burst: 1_000_000 }],
  [
    { rate: '5/s', burst: 7 },
    { amount: 5, per: 1_000, burst: 7 },
  ],
  [{ rate: '5/s' }, { amount: 5, per: 1_000, burst: 50 }],
])('the rate %j is read as %j', (written, meant) => expect(rate.parse(written)).toEqual(meant));

test.each([
  '0/s',
  '01/s',
  '1.5/s',
  '-1/s',
  '100',
  100,
  '100/d',
  '100 /s',
  '1000001/s',
  { burst: 5 },
  { rate: '5/s', burst: 0 },
])('what is no rate is refused: %j', (written) => expect(rate.safeParse(written).success).toBe(false));

test('the largest burst of the longest unit is still counted in whole numbers', () => {
  const { per, burst } = rate.parse({ rate: '1/h', burst: 1_000_000 });
  expect(Number.isSafeInteger(burst * per * 1_000 * 2)).toBe(true);
});
