import { expect, test } from 'vitest';
import { percentile } from './percentile.ts';

const BOUNDS = [0.01, 0.1, 1];

test('a percentile lies within its bucket as if values were spread evenly', () => {
  expect(percentile([0, 100, 0, 0], BOUNDS, 0.5)).toBeCloseTo(55);
  expect(percentile([50, 50, 0, 0], BOUNDS, 0.5)).toBeCloseTo(10);
  expect(percentile([90, 9, 1, 0], BOUNDS, 0.99)).toBeCloseTo(100);
});

test('above the last bound it is that bound, and without values there is none', () => {
  expect(percentile([0, 0, 0, 5], BOUNDS, 0.5)).toBe(1_000);
  expect(percentile([0, 0, 0, 0], BOUNDS, 0.5)).toBeNull();
});
