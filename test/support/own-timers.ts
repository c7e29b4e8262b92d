import { AsyncLocalStorage } from 'node:async_hooks';
import { aroundEach, expect, vi } from 'vitest';

type Timer = ReturnType<typeof setTimeout>;

/** The timers of the test that runs, for what it calls, now or later. */
const ofTest = new AsyncLocalStorage<Set<Timer>>();

/**
 * Simulates the time in each test of a file, and has the test fail that leaves a timer behind. Files share their process: what a
 * connection of another file sets meanwhile is not counted.
 */
export function useOwnTimers(): void {
  aroundEach(async (run) => {
    vi.useFakeTimers();
    const timers = new Set<Timer>();
    const stop = count(timers);
    try {
      await ofTest.run(timers, run);
      expect(timers.size, 'no timer is left behind').toBe(0);
    } finally {
      stop();
      vi.useRealTimers();
    }
  });
}

/** How many timers of the test that runs have neither run out nor been cleared. */
export function ownTimers(): number {
  return ofTest.getStore()?.size ?? 0;
}

/** Has simulated timers that the test sets in `timers` as long as they run. Returns what ends that. */
function count(timers: Set<Timer>): () => void {
  const { setTimeout: set, setInterval: repeat, clearTimeout: clear, clearInterval: end } = globalThis;
  const counted = (timer: Timer): Timer => {
    if (ofTest.getStore() === timers) timers.add(timer);
    return timer;
  };
  const once = (callback: (...given: unknown[]) => void, after?: number, ...given: unknown[]): Timer => {
    const timer = set(() => {
      timers.delete(timer);
      callback(...given);
    }, after);
    return counted(timer);
  };
  const always = (callback: () => void, after?: number): Timer => counted(repeat(callback, after));
  const gone = (timer: Timer | undefined): void => {
    if (timer !== undefined) timers.delete(timer);
    clear(timer);
  };
  Object.assign(globalThis, { setTimeout: once, setInterval: always, clearTimeout: gone, clearInterval: gone });
  return () =>
    void Object.assign(globalThis, { setTimeout: set, setInterval: repeat, clearTimeout: clear, clearInterval: end });
}
