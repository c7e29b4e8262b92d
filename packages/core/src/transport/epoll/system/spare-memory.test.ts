import { expect, onTestFinished, test, vi } from 'vitest';
import { SpareMemory } from './spare-memory.ts';

function spareMemory(): (counts: readonly number[], milliseconds: number) => number {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const releaseMemory = vi.fn<() => void>();
  const spare = new SpareMemory({ releaseMemory });
  return (counts, milliseconds) => {
    for (const count of counts) spare.noteDescriptors(count);
    vi.advanceTimersByTime(milliseconds);
    return releaseMemory.mock.calls.length;
  };
}

test('goes back once after the start', () => {
  const after = spareMemory();
  expect(after([1], 1_999)).toBe(0);
  expect(after([2, 1, 31], 1)).toBe(1);
  expect(after([1, 2, 31], 5_000)).toBe(1);
});

test('goes back a moment after descriptors have doubled, and not each time that they come and go', () => {
  const after = spareMemory();
  expect(after([1], 2_000)).toBe(1);
  expect(after([2, 31], 1_000)).toBe(1);
  expect(after([32], 999)).toBe(1);
  expect(after([], 1)).toBe(2);
  expect(after([32, 63], 1_000)).toBe(2);
  expect(after([64], 1_000)).toBe(3);
  // Many within a moment are one.
  expect(after([128, 256, 512], 5_000)).toBe(4);
});
