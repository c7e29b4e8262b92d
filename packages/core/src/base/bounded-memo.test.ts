import { expect, test } from 'vitest';
import { BoundedMemo } from './bounded-memo.ts';

test('never holds more than twice its limit', () => {
  const memo = new BoundedMemo<number, string>(10);
  for (let key = 0; key < 1000; key++) {
    memo.set(key, 'value');
    expect(memo.size).toBeLessThanOrEqual(20);
  }
});

test('keeps what is asked for again while a flood of other keys passes', () => {
  const memo = new BoundedMemo<string, number>(10);
  memo.set('kept', 1);
  for (let key = 0; key < 1000; key++) {
    memo.set(`flood ${key}`, key);
    if (key % 5 === 0) expect(memo.get('kept')).toBe(1);
  }
});

test('forgets what nobody asks for', () => {
  const memo = new BoundedMemo<string, number>(2);
  memo.set('first', 1);
  for (const key of ['a', 'b', 'c', 'd', 'e']) memo.set(key, 2);
  expect(memo.get('first')).toBeUndefined();
});
