import { beginIteration, endIteration, queuedBytes } from '@inband/core';
import { vi } from 'vitest';

/** In which connections that are closing are closed. */
const MOST_ITERATIONS = 100;

/**
 * Files of the fast tier share a process and the modules in it. What these keep of a file is forgotten behind it: the time of
 * the iteration, because behind fake timers the immediate that was to do it (`iteration-clock.ts`) never comes, and the bytes
 * in queues of connections that were left open.
 */
export async function forgetFile(): Promise<void> {
  vi.useRealTimers();
  // What is closing gives its bytes back in the next iteration. After the reset it would give them back a second time, to the next file.
  for (let left = MOST_ITERATIONS; queuedBytes.total !== 0 && left > 0; left -= 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  beginIteration();
  endIteration();
  queuedBytes.add(-queuedBytes.total);
}
