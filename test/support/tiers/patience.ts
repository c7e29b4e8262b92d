import { vi } from 'vitest';

/**
 * Set-up of all tests: what is waited for has half a minute, where a test does not say otherwise. vitest gives it one second, and machines of CI
 * halt for longer. (`expect.poll` has a key of the configuration.)
 */
const PATIENCE = 30_000;

/** In which is looked early: about half a millisecond. */
const MOST_ITERATIONS = 64;
/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

type Options = Parameters<typeof vi.waitFor>[1];

const { waitFor, waitUntil } = vi;
let interval: number | undefined;

/** Milliseconds after which what is waited for is looked at again, from now on. vitest's own are 50. */
export function lookEvery(milliseconds: number): void {
  interval = milliseconds;
}

/** Of files that share a process, the first one has set it. */
if (!waitFor.name.startsWith('patient')) {
  vi.waitFor = async function patientFor(callback, options) {
    const early = interval === undefined ? undefined : await lookEarly(callback);
    return early === undefined ? waitFor(callback, patient(options)) : early.seen;
  };
  vi.waitUntil = function patientUntil(callback, options) {
    return waitUntil(callback, patient(options));
  };
}

/**
 * Looks at what is waited for in the next iterations of the event loop, ever more of them apart: what happens in memory mostly
 * has happened then, and a timer would let the process stand still.
 */
async function lookEarly<T>(callback: () => T | Promise<T>): Promise<{ readonly seen: T } | undefined> {
  for (let iterations = 1; iterations <= MOST_ITERATIONS; iterations *= 2) {
    try {
      return { seen: await callback() };
    } catch {
      for (let left = iterations; left > 0; left -= 1)
        await new Promise<void>((resolve) => void nextIteration(resolve));
    }
  }
  return undefined;
}

/** Simulated timers move by the interval at each look, so vitest's own stays there. */
function patient(options: Options): Options {
  const usual = { timeout: PATIENCE, ...(interval !== undefined && !vi.isFakeTimers() && { interval }) };
  return { ...usual, ...(typeof options === 'number' ? { timeout: options } : options) };
}
