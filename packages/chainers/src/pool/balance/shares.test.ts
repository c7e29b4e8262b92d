import { expect, test } from 'vitest';
import { Shares } from './shares.ts';

const server = (id: string, weight = 1) => ({ id, weight, inFlight: 0 });

test('a server may have four sessions more than its share by weight', () => {
  const [a, b] = [server('a', 3), server('b', 1)];
  const shares = new Shares();
  shares.update([a, b]);
  for (let times = 0; times < 5; times += 1) {
    expect(shares.mayHaveMore(b)).toBe(true);
    shares.took(b);
  }
  // Of 5 its share is 1.25.
  expect(shares.mayHaveMore(b)).toBe(true);
  shares.took(b);
  expect([shares.mayHaveMore(a), shares.mayHaveMore(b)]).toEqual([true, false]);
});

test('what was long ago counts less', () => {
  const [a, b] = [server('a'), server('b')];
  const shares = new Shares();
  shares.update([a, b]);
  for (let times = 0; times < 100; times += 1) shares.took(a);
  for (let times = 0; times < 92; times += 1) shares.took(b);
  expect(shares.mayHaveMore(a)).toBe(false);
  for (let times = 0; times < 2_000; times += 1) shares.took(times % 2 === 0 ? a : b);
  expect(shares.mayHaveMore(a)).toBe(true);
});

test('whoever is no candidate any more may have nothing, and what it has had does not count', () => {
  const [a, b, c] = [server('a'), server('b'), server('c')];
  const shares = new Shares();
  shares.update([a, b]);
  for (let times = 0; times < 10; times += 1) shares.took(a);
  shares.update([b, c]);
  expect([shares.mayHaveMore(a), shares.mayHaveMore(b), shares.mayHaveMore(c)]).toEqual([false, true, true]);
});
