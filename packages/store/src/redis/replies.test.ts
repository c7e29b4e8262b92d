import { expect, test } from 'vitest';
import { listOf, numberOf, numbersOf, textsOf } from './replies.ts';

test('answers as the scripts give them', () => {
  expect(numbersOf([1, '2', '1.5'], 3)).toEqual([1, 2, 1.5]);
  expect(numberOf('17')).toBe(17);
  expect(listOf([null, 'a'], 2)).toEqual([null, 'a']);
  expect(textsOf([])).toEqual([]);
  expect(textsOf(['a', 'b'])).toEqual(['a', 'b']);
});

const STRANGE = ['OK', '', null, undefined, NaN, {}, [null], ['x'], [[]], [1, 2, 3, 4]];

test.each(STRANGE)('what is no answer to what was asked is none: %j', (reply) => {
  for (const read of [() => numbersOf(reply, 2), () => numberOf(reply)]) expect(read).toThrow('not Valkey or Redis');
});

test('a list is as long as was asked for, and of texts alone', () => {
  expect(() => listOf(['a'], 2)).toThrow('not Valkey or Redis');
  expect(() => listOf('OK', 2)).toThrow('not Valkey or Redis');
  expect(() => textsOf('OK')).toThrow('not Valkey or Redis');
  expect(() => textsOf([1])).toThrow('not Valkey or Redis');
});
