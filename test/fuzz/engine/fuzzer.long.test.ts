import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COUNTERS } from './coverage.ts';
import { fuzz, minimise } from './fuzzer.ts';
import type { FuzzTarget } from '../targets/target.ts';

const SECRET = 'key!';
/** What an instrumented source would count: how many of the first characters are right. */
const ways = [0, 0, 0, 0, 0];
const counted = globalThis as { [COUNTERS]?: unknown };

function rightIn(input: Buffer): number {
  const text = input.toString('latin1');
  let right = 0;
  while (right < SECRET.length && text[right] === SECRET[right]) right += 1;
  return right;
}

const target: FuzzTarget = {
  name: 'secret',
  covers: /secret/,
  words: ['x'],
  longest: 40,
  run: (input) => {
    const right = rightIn(input);
    ways[right] = (ways[right] ?? 0) + 1;
    if (right === SECRET.length) throw new Error('found');
  },
};

beforeEach(() => (counted[COUNTERS] = { '/secret.ts': { b: { 0: ways } } }));
afterEach(() => delete counted[COUNTERS]);

describe('fuzzing', () => {
  test('comes step by step to what no chance would, and makes it as small as it can', async () => {
    const begun: Buffer[] = [];
    const task = { corpus: [], seed: 7, time: 20_000, begins: (input: Buffer) => void begun.push(input) };
    const { finding, runs, covered, branches } = await fuzz(target, task);
    expect(finding).toMatchObject({ input: Buffer.from(SECRET), error: expect.stringContaining('found') as string });
    expect({ runs, covered, branches }).toEqual({ runs: begun.length, covered: 4, branches: 5 });
  });

  test('finds in the corpus what it would have to look for', async () => {
    const task = { corpus: [Buffer.from(`${SECRET} and more`)], seed: 1, time: 0, begins: () => {} };
    expect((await fuzz(target, task)).finding?.input).toEqual(Buffer.from(SECRET));
  });

  test('keeps of a corpus the smallest inputs that run all of it', async () => {
    const corpus = ['kex', 'ke', 'longer', 'k', 'x'].map((text) => Buffer.from(text));
    expect((await minimise(target, corpus)).map(String)).toEqual(['x', 'k', 'ke']);
  });

  test('says so when nothing of what it is to count is instrumented', async () => {
    const task = { corpus: [], seed: 1, time: 0, begins: () => {} };
    await expect(fuzz({ ...target, covers: /elsewhere/ }, task)).rejects.toThrow('No source that is instrumented');
  });
});
