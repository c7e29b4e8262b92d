import type { ProgramLog } from '../log/program-log.ts';
import { onIgnoredSignal, onQuit } from '../../bin/early-signals.mjs';

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

/** Calls `stop` for each SIGTERM, SIGINT and SIGQUIT, and for a SIGQUIT that came earlier. */
export function onStop(stop: (signal: NodeJS.Signals) => void): void {
  for (const signal of STOPPING) {
    if (signal === 'SIGQUIT') onQuit(() => stop(signal));
    else process.on(signal, () => stop(signal));
  }
}

/** What the program does on signals that do not end it. */
export interface SignalActions {
  readonly reload: () => void;
  /** Undefined in a worker, whose supervisor does it. */
  readonly upgrade: (() => void) | undefined;
}

/**
 * SIGHUP reloads, SIGUSR2 upgrades, SIGUSR1 opens the file of the log anew, where it has one. Logs each signal that changes nothing. Does
 * so as well for those that came before.
 */
export function handleOtherSignals(
  log: Pick<ProgramLog, 'logger' | 'reopen'>,
  { reload, upgrade }: SignalActions,
): void {
  onIgnoredSignal((signal) => {
    if (signal === 'SIGHUP') return reload();
    const { reopen } = log;
    if (signal === 'SIGUSR1' && reopen !== undefined) return void reopen();
    if (signal === 'SIGUSR2' && upgrade !== undefined) return upgrade();
    log.logger.warn({ signal }, 'a signal was received that changes nothing');
  });
}
