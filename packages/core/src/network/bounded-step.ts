import type { SockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { ProxyError } from '../base/errors.ts';
import { cancelled } from './cancelled.ts';

/** What ends a step on the way to a server before its time. */
export interface StepBounds {
  /** For the error. */
  readonly remote: SockAddr;
  /** Any of them cancels. */
  readonly signals: readonly Cancellation[];
  /** Starts the step's timeout and returns what stops it. */
  readonly startTimer: (expired: () => void) => () => void;
  /** The error when the time is up. */
  readonly timeUp: () => ProxyError;
}

/** How a step ends by itself. */
export interface StepEnd<Result> {
  /** Returns false when the step was dropped before: then the result is still the caller's. */
  done(result: Result): boolean;
  failed(error: Error): void;
}

/**
 * The bridge from events to a promise for whatever is done to reach a server. `begin` starts the step, tells its end by
 * `StepEnd` later, never from within `begin`, and returns what drops the step when it is cancelled or its time is up.
 * However it ends, the timer is stopped, the signals' listeners are removed, and the promise settles once.
 */
export function boundedStep<Result>(
  { remote, signals, startTimer, timeUp }: StepBounds,
  begin: (end: StepEnd<Result>) => (reason: ProxyError) => void,
): Promise<Result> {
  if (signals.some(isAborted)) return Promise.reject(cancelled(remote));
  return new Promise((resolve, reject) => {
    let isOver = false;
    const settle = (): boolean => {
      if (isOver) return false;
      isOver = true;
      stopTimer();
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
      return true;
    };
    const giveUp = (error: ProxyError): void => {
      if (!settle()) return;
      drop(error);
      reject(error);
    };
    const onAbort = (): void => giveUp(cancelled(remote));
    const drop = begin({
      done(result) {
        const isFirst = settle();
        if (isFirst) resolve(result);
        return isFirst;
      },
      failed(error) {
        if (settle()) reject(error);
      },
    });
    const stopTimer = startTimer(() => giveUp(timeUp()));
    for (const signal of signals) signal.addEventListener('abort', onAbort);
    // A signal that was aborted while the step began.
    if (signals.some(isAborted)) onAbort();
  });
}

function isAborted(signal: Cancellation): boolean {
  return signal.aborted;
}
