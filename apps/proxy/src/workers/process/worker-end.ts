import { ProxyError } from '@inband/core';

/** How a worker process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the worker could not start, as it has said itself. */
  readonly failure: string | undefined;
  /** Milliseconds from its start to its end. */
  readonly ran: number;
}

/**
 * What the end of a worker is to its group:
 *
 * - `orderly`: all workers end, and this one did so as it should.
 * - `disorderly`: all workers end, and this one otherwise.
 * - `finished`: it was one too many, and its clients are done.
 * - `ended`: a signal was sent to it alone, and it has finished its connections. It is restarted.
 * - `died`: its connections are lost. It is restarted.
 */
export type Meaning = 'orderly' | 'disorderly' | 'finished' | 'ended' | 'died';

/** `isEnding`: all workers end. `isLeaving`: it was one too many. */
export function meaningOf({ code }: WorkerEnd, isEnding: boolean, isLeaving: boolean): Meaning {
  if (isEnding) return code === 0 ? 'orderly' : 'disorderly';
  if (isLeaving) return 'finished';
  return code === 0 ? 'ended' : 'died';
}

/** Signals that a running process ignores. */
const IGNORED_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGUSR1', 'SIGUSR2']);

/** Whether it may be started again: such a signal, sent to the whole process group, kills a process in which Node is still starting. */
export function isAccident({ signal }: WorkerEnd): boolean {
  return signal !== null && IGNORED_SIGNALS.has(signal);
}

/** Why the worker with this number has not started. */
export function startError(number: number, { code, signal, failure }: WorkerEnd): ProxyError {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const message = failure ?? `inband: worker ${number} ended with ${how} while starting.`;
  return new ProxyError('proxy_internal_error', message);
}
