import { beginIteration, endIteration, queuedBytes } from '@inband/core';
import { afterAll, vi } from 'vitest';
import { keepUrlsStable } from './stable-urls.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Of a file of the fast tier: milliseconds of processor time that its tests took. */
    processorTime?: number;
  }
}

keepUrlsStable();
const before = process.cpuUsage();

/**
 * Set-up of the fast tier, whose files share a process and the modules in it. What these keep of a file is forgotten behind it:
 * the time of the iteration, because behind fake timers the immediate that was to do it (`iteration-clock.ts`) never comes, and
 * the bytes in queues of connections that were left open.
 */
// oxlint-disable-next-line no-empty-pattern -- Vitest asks for a pattern here
afterAll(({}, file) => {
  vi.useRealTimers();
  beginIteration();
  endIteration();
  queuedBytes.add(-queuedBytes.total);
  const { user, system } = process.cpuUsage(before);
  file.meta.processorTime = Math.round((user + system) / 1_000);
});
