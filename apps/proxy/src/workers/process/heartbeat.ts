import { readFileSync } from 'node:fs';

/** Milliseconds between two pings. */
export const INTERVAL = 500;
/** Milliseconds without an answer until a worker counts as hanging, before its first answer: because Node and the program have to be loaded first. */
export const STARTING_LIMIT = 30_000;

/** The share that counts of the time in which the worker waited for a processor, so that it is not killed on a loaded machine. */
const WAITING_COUNTS = 1 / 3;

export interface HeartbeatDeps {
  /** Milliseconds without an answer until the worker counts as hanging, when it has once answered. */
  readonly limit: number;
  /** Sends a ping. `answered` is to be called for every message of the worker. */
  readonly ask: () => void;
  /** Of the given milliseconds until now, those in which the worker waited for a processor. */
  readonly waited: (passed: number) => number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called once, with the milliseconds without an answer. */
  readonly onSilent: (milliseconds: number) => void;
}

/**
 * Detects a worker whose event loop does not run any more, because the process is stopped or in an endless loop. It counts the
 * time in which the worker could have answered: a third of the time in which it waited for a processor, and none of the time in which
 * this process itself did not run (a suspended machine, Ctrl+Z).
 */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  #limit = STARTING_LIMIT;
  #isAsked = false;
  #silent = 0;
  #lastTick: number;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#lastTick = deps.now();
  }

  /** Milliseconds without an answer. */
  get silent(): number {
    return this.#silent;
  }

  answered(): void {
    this.#limit = this.#deps.limit;
    this.#isAsked = false;
    this.#silent = 0;
  }

  /** Whether it is about something that takes long, such as to load a configuration: then it has as long as at its start. */
  isBusy = false;

  /** To be called every {@link INTERVAL}, from the event loop, so that messages of the worker are handled first. */
  tick(): void {
    const { ask, waited, now, onSilent } = this.#deps;
    const passed = Math.min(now() - this.#lastTick, INTERVAL * 2);
    this.#lastTick = now();
    if (!this.#isAsked) {
      this.#isAsked = true;
      waited(passed);
      ask();
      return;
    }
    const before = this.#silent;
    this.#silent += passed - waited(passed) * (1 - WAITING_COUNTS);
    const limit = this.isBusy ? STARTING_LIMIT : this.#limit;
    if (before < limit && this.#silent >= limit) onSilent(Math.round(this.#silent));
  }
}

/** Milliseconds of one unit of processor time in /proc. */
const UNIT = 10;

/**
 * Returns how long a process has waited for a processor since the last call: the time in which it was runnable and did not run.
 * Known on Linux only; 0 elsewhere.
 */
export function processorWait(pid: number): (passed: number) => number {
  let before = processorTime(pid)?.used ?? 0;
  return (passed) => {
    const now = processorTime(pid);
    if (now === undefined) return 0;
    const used = (now.used - before) * UNIT;
    before = now.used;
    return now.isRunnable ? Math.max(passed - used, 0) : 0;
  };
}

function processorTime(pid: number): { readonly isRunnable: boolean; readonly used: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may contain anything: the state, and later the user and kernel times.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { isRunnable: fields[0] === 'R', used: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
