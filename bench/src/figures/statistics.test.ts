import { describe, expect, test } from 'vitest';
import { median, middleHalf, percentile, ratiosByRound, spread } from './statistics.ts';

describe('median', () => {
  test('is the middle one of an odd count, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  test('is the mean of the middle two of an even count', () => {
    expect(median([10, 1, 2, 4])).toBe(3);
  });

  test('sorts as numbers, not as text', () => {
    expect(median([100, 20, 3])).toBe(20);
  });

  test('leaves its argument as it was', () => {
    const numbers = [3, 1, 2];
    median(numbers);
    expect(numbers).toEqual([3, 1, 2]);
  });

  test('of nothing is an error', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test('takes the nearest rank', () => {
    expect([percentile(hundred, 50), percentile(hundred, 99), percentile(hundred, 100)]).toEqual([50, 99, 100]);
  });

  test('of few numbers is one of them', () => {
    expect(percentile([7, 3], 99)).toBe(7);
    expect(percentile([7, 3], 0)).toBe(3);
  });
});

test('the middle half leaves out a quarter on either side', () => {
  expect(middleHalf([80, 10, 20, 30, 40, 50, 60, 70])).toEqual([20, 60]);
});

describe('spread', () => {
  test('holds the median, the extremes and the count', () => {
    expect(spread([4, 2, 8])).toEqual({ median: 4, min: 2, max: 8, count: 3 });
  });

  test('of nothing is undefined', () => {
    expect(spread([])).toBeUndefined();
  });
});

describe('ratiosByRound', () => {
  test('divides within each round', () => {
    const ours = new Map([
      [1, 10],
      [2, 30],
    ]);
    const theirs = new Map([
      [1, 20],
      [2, 20],
    ]);
    expect([...ratiosByRound(ours, theirs)]).toEqual([
      [1, 0.5],
      [2, 1.5],
    ]);
  });

  test('leaves out a round that lacks either side, and a divisor of 0', () => {
    const ours = new Map([
      [1, 10],
      [2, 30],
      [3, 5],
    ]);
    const theirs = new Map([
      [2, 0],
      [3, 10],
      [4, 1],
    ]);
    expect([...ratiosByRound(ours, theirs)]).toEqual([[3, 0.5]]);
  });
});
