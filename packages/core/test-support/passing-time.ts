import { vi } from 'vitest';

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Iterations of the event loop in which what is to happen at one moment happens. */
const ITERATIONS = 8;

/** Lets the simulated time pass, to be used after `vi.useFakeTimers`. What happens in memory happens in between, a millisecond at a time. */
export async function passTime(milliseconds: number, until: () => boolean = () => false): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end && !until()) {
    for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
      await new Promise<void>((resolve) => void nextIteration(resolve));
    }
    vi.advanceTimersByTime(1);
  }
}
