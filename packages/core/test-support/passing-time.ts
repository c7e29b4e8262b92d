import { vi } from 'vitest';

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Iterations of the event loop in which what is to happen at one moment happens. */
const ITERATIONS = 8;

/** Milliseconds that pass at once while something still happens, so that it is late by no more. */
const LONGEST_STEP = 4;

/** Lets the simulated time pass, to be used after `vi.useFakeTimers`. What happens in memory happens in between, from one timer to the next. */
export async function passTime(milliseconds: number, until: () => boolean = () => false): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const longest = (await isQuiet()) ? Infinity : LONGEST_STEP;
    if (until()) break;
    const step = setTimeout(() => {}, Math.min(longest, end - performance.now()));
    vi.advanceTimersToNextTimer();
    clearTimeout(step);
  }
}

/** Lets happen what happens at this moment. Returns whether nothing more does before the next timer. */
async function isQuiet(): Promise<boolean> {
  let wasQuiet = false;
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    await new Promise<void>((resolve) => void nextIteration(resolve));
    const isIdle = !process.getActiveResourcesInfo().includes('Immediate');
    // Once is not enough: a promise that was resolved in this iteration may lead to another one.
    if (isIdle && wasQuiet) return true;
    wasQuiet = isIdle;
  }
  return false;
}

/** Milliseconds: far more than anything takes that is waited for. */
const LONGEST_WAIT = 60_000;

/** Lets the simulated time pass until `event` has settled, and returns what it did. */
export async function passTimeUntil<T>(event: Promise<T>): Promise<T> {
  let isOver = false;
  const settled = (): void => void (isOver = true);
  event.then(settled, settled);
  await passTime(LONGEST_WAIT, () => isOver);
  return event;
}
