import { expect, test } from 'vitest';
import { WinnerMemo, type KnownServer } from './winner-memo.ts';

function known(port: number, address = '127.0.0.1'): KnownServer {
  return { port, resolution: undefined, remotes: [{ family: 'inet', address, port }] };
}

test('remembers per host and port', () => {
  const memo = new WinnerMemo();
  const [eighty, other] = [known(80), known(443)];
  memo.set('a.example', eighty);
  memo.set('a.example', other);
  expect(memo.get('a.example', 80)).toBe(eighty);
  expect(memo.get('a.example', 443)).toBe(other);
  expect(memo.get('a.example', 8080)).toBeUndefined();
  expect(memo.get('b.example', 80)).toBeUndefined();
});

test('the later replaces the earlier', () => {
  const memo = new WinnerMemo();
  memo.set('a.example', known(80));
  const later = known(80, '127.0.0.2');
  memo.set('a.example', later);
  expect(memo.get('a.example', 80)).toBe(later);
});

test('is bounded in hosts and in ports of a host', () => {
  const memo = new WinnerMemo(2, 2);
  for (const host of ['a', 'b', 'c']) memo.set(host, known(80));
  expect(['a', 'b', 'c'].map((host) => memo.get(host, 80) !== undefined)).toEqual([false, true, true]);
  for (const port of [1, 2, 3]) memo.set('c', known(port));
  expect([1, 2, 3].map((port) => memo.get('c', port) !== undefined)).toEqual([false, true, true]);
  expect(memo.get('b', 80)).toBeDefined();
});
