import { beginIteration, endIteration, queuedBytes } from '@inband/core';
import { afterAll, vi } from 'vitest';
import { keepUrlsStable } from './stable-urls.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Of a file of the fast tier: milliseconds of processor time that its tests took. */
    processorTime?: number;
  }
}

/** In which connections that are closing are closed. */
const MOST_ITERATIONS = 100;

keepUrlsStable();
const before = process.cpuUsage();

/**
 * Set-up of the fast tier, whose files share a process and the modules in it. What these keep of a file is forgotten behind it:
 * the time of the iteration, because behind fake timers the immediate that was to do it (`iteration-clock.ts`) never comes, and
 * the bytes in queues of connections that were left open.
 */
// oxlint-disable-next-line no-empty-pattern -- Vitest asks for a pattern here
afterAll(async ({}, file) => {
  vi.useRealTimers();
  // What is closing gives its bytes back in the next iteration. After the reset it would give them back a second time, to the next file.
  for (let left = MOST_ITERATIONS; queuedBytes.total !== 0 && left > 0; left -= 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  beginIteration();
  endIteration();
  queuedBytes.add(-queuedBytes.total);
  const { user, system } = process.cpuUsage(before);
  file.meta.processorTime = Math.round((user + system) / 1_000);
});
