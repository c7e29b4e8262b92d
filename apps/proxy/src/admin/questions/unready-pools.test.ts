import { expect, test } from 'vitest';
import { unreadyPools } from './unready-pools.ts';

const merged = (...answers: (readonly string[])[]): readonly string[] =>
  unreadyPools.merge({ answers: answers.map((answer, worker) => ({ worker, answer })), missing: [] }, undefined);

test('a pool is not ready if every process that answered says so', () => {
  expect(merged(['a', 'b'], ['b'])).toEqual(['b']);
  expect(merged(['a'])).toEqual(['a']);
  expect(merged(['a'], [])).toEqual([]);
});

test('if no process answers, nothing is said of pools', () => {
  expect(merged()).toEqual([]);
});
