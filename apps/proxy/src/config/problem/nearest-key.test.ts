import { describe, expect, test } from 'vitest';
import { nearestKey } from './nearest-key.ts';

const known = ['chainer', 'match', 'routes', 'connectTimeout', 'deny'];

describe('nearestKey', () => {
  test.each([
    ['chainner', 'chainer'],
    ['chianer', 'chainer'],
    ['Routes', 'routes'],
    ['conectTimeout', 'connectTimeout'],
    ['dney', 'deny'],
  ])('takes %s for %s', (word, expected) => {
    expect(nearestKey(word, known)).toBe(expected);
  });

  test('suggests nothing when no key is close', () => {
    expect(nearestKey('bandwidth', known)).toBeUndefined();
  });

  test('suggests nothing when nothing is known', () => {
    expect(nearestKey('chainer', [])).toBeUndefined();
  });
});
