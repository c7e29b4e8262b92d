import { setTimeout as pause } from 'node:timers/promises';
import { closedError } from './acme-error.ts';

/** What time it is, and how to wait. Tests have one of their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `milliseconds`. Rejects with an `AcmeError` (`closed`) as soon as `signal` is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. A wait does not keep the process running. */
export const systemClock: Clock = {
  now: Date.now,
  async sleep(milliseconds, signal) {
    try {
      await pause(milliseconds, undefined, { signal, ref: false });
    } catch {
      throw closedError();
    }
  },
};
