import type { Logger } from '@inband/core';
import { hearIdleSignals, hearQuit } from '../../bin/early-signals.mjs';

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/** Milliseconds for the last lines of the log when a process ends at once. */
export const HURRIED = 100;

/** Resolves with the first SIGTERM, SIGINT or SIGQUIT; `onSecond` is called for each one after that. */
export function firstSignal(onSecond: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    onStop((signal) => {
      signals += 1;
      if (signals === 1) resolve(signal);
      else onSecond();
    });
  });
}

/** Has `stop` called for each signal that asks for an end; for a SIGQUIT that came earlier, too. */
export function onStop(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of STOPPING) {
    if (signal === 'SIGQUIT') hearQuit(() => stop(signal));
    else process.on(signal, () => stop(signal));
  }
}

/** Tells in the log of each signal that changes nothing, those included that came before. */
export function tellIdleSignals(logger: Logger): void {
  hearIdleSignals((signal) => {
    logger.warn({ signal }, 'a signal was received that changes nothing; a new configuration needs a restart');
  });
}
