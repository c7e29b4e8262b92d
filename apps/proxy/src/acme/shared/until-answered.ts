import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '@inband/store';

/** Milliseconds between two attempts. */
const PAUSE = 50;

/**
 * Asks again while the store does not answer, for `patience` milliseconds. Rejects with what the last attempt did, or when `signal` is aborted. Only for
 * what may be done twice.
 */
export async function untilAnswered<T>(ask: () => Promise<T>, patience: number, signal?: AbortSignal): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isOver = !(error instanceof StoreUnavailable) || error.reason === 'closed' || performance.now() >= end;
      if (isOver) throw error;
      await sleep(PAUSE, undefined, { signal });
    }
  }
}
