import { expect, test } from 'vitest';
import { MAX_WORKERS } from '../../config/known/constants.ts';
import { partOfMemory } from './part-of-memory.ts';

test('a worker has the part of its number, or a free one behind all numbers', () => {
  expect(partOfMemory(2, 4, new Set([1, 3, 4]))).toBe(2);
  expect(partOfMemory(2, 4, new Set([1, 2, 3, 4]))).toBe(5);
  expect(partOfMemory(2, 4, new Set([1, 2, 3, 4, 5]))).toBe(6);
});

test('there is no part behind that of the last possible worker', () => {
  const all = Array.from({ length: MAX_WORKERS }, (_, index) => index + 1);
  expect(partOfMemory(2, MAX_WORKERS, new Set(all))).toBe(MAX_WORKERS);
});
