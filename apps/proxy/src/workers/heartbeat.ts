import { readFileSync } from 'node:fs';

/** Milliseconds between two questions. */
export const INTERVAL = 1_000;
/** Milliseconds without an answer after which a worker is given up. */
export const LIMIT = 5_000;
/** The same for one that has not answered yet, since Node and the program are still being loaded. */
export const STARTING_LIMIT = 30_000;

/** What time in which the worker wants a processor and has none counts, so that a loaded machine is no dead worker. */
const WAITING_COUNTS = 1 / 3;

export interface HeartbeatDeps {
  /** Asks the worker; `answered` is called when it says something. */
  readonly ask: () => void;
  /** Of the last so many milliseconds: those in which the worker waited for a processor. */
  readonly waited: (passed: number) => number;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  /** It has not answered for so many milliseconds. Called once. */
  readonly onSilent: (milliseconds: number) => void;
}

/**
 * Notices a worker that does not run its event loop any more, since it was stopped or spins. It counts the time in
 * which the worker could have answered: a third of what it waited for a processor on a loaded machine, and nothing of what
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

  answered(): void {
    this.#limit = LIMIT;
    this.#isAsked = false;
    this.#silent = 0;
  }

  /** To be called every {@link INTERVAL}, from the event loop: what the worker said meanwhile has been heard by then. */
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
    if (before < this.#limit && this.#silent >= this.#limit) onSilent(Math.round(this.#silent));
  }
}

/** Milliseconds of one unit of processor time in /proc. */
const UNIT = 10;

/**
 * Says of the time since the last call how much of it a process waited for a processor: all that it did not run, if it wants
 * to. Only Linux tells; elsewhere none.
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
    // Behind the name, which may hold anything: the state, and later the times as a user and in the kernel.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { isRunnable: fields[0] === 'R', used: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
