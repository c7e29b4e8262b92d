import { vi } from 'vitest';

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Iterations of the event loop in which what is to happen at one moment happens. */
const ITERATIONS = 8;

/** Milliseconds that pass at once at most, so that what takes more iterations than that is late by no more. */
const LONGEST_STEP = 4;

/** Lets the simulated time pass, to be used after `vi.useFakeTimers`. What happens in memory happens in between, from one timer to the next. */
export async function passTime(milliseconds: number, until: () => boolean = () => false): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end && !until()) {
    for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
      await new Promise<void>((resolve) => void nextIteration(resolve));
    }
    const step = setTimeout(() => {}, Math.min(LONGEST_STEP, end - performance.now()));
    vi.advanceTimersToNextTimer();
    clearTimeout(step);
  }
}
