import { expect, test } from 'vitest';
import { bytesOf, HANDLED, isOnlySpliced, NOTHING, received, spliced, together } from './outcome.ts';

const MEBIBYTE = 1024 * 1024;

test('an outcome says how many bytes were received', () => {
  expect([NOTHING, HANDLED, received(7), spliced(8 * MEBIBYTE)].map(bytesOf)).toEqual([0, 0, 7, 8 * MEBIBYTE]);
});

test('an outcome says whether a splice is all that happened', () => {
  expect([NOTHING, HANDLED, received(7), spliced(0), spliced(7)].map(isOnlySpliced)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test('two outcomes together have the bytes of both, and are a splice only if nobody was told of anything else', () => {
  expect(together(spliced(3), NOTHING)).toBe(spliced(3));
  expect(together(spliced(3), spliced(4))).toBe(spliced(7));
  expect(bytesOf(together(spliced(3), received(4)))).toBe(7);
  expect(isOnlySpliced(together(spliced(3), received(4)))).toBe(false);
  expect(isOnlySpliced(together(HANDLED, spliced(4)))).toBe(false);
});
