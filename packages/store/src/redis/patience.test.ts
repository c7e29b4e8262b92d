import { beforeEach, expect, test } from 'vitest';
import { patience } from './patience.ts';

let time: number;
beforeEach(() => {
  time = 0;
});

/** The delays of tries each of which ends after `lasted` milliseconds. */
function delays(count: number, lasted: number): number[] {
  const next = patience(() => time);
  return Array.from({ length: count }, () => {
    const delay = next();
    time += delay + lasted;
    return delay;
  });
}

test.each([
  ['that are made and end at once', 1],
  ['that cannot be made', 2_000],
])('connections %s are tried ever more seldom, up to once a second', (_, lasted) => {
  const [first = 0, ...others] = delays(12, lasted);
  expect(first).toBeLessThanOrEqual(50);
  expect(Math.min(...others.slice(-6))).toBeGreaterThanOrEqual(500);
  expect(Math.max(...others)).toBeLessThanOrEqual(1_000);
});

test('one that lasted is tried again at once', () => {
  expect(Math.max(...delays(6, 10_000))).toBeLessThanOrEqual(50);
});
