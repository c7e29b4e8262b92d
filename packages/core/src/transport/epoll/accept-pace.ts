import { iterationTime } from '../../base/iteration-clock.ts';

/** Clients that are accepted in one event-loop iteration, so that a flood of them leaves the rest to open connections. */
const ACCEPTS_PER_ITERATION = 32;
/** The same at the least, when iterations are long. */
const LEAST_ACCEPTS = 4;
/** Milliseconds that an iteration should not exceed in an overload, so that those who are refused learn it soon. */
const LONGEST_ITERATION = 10;
/** Milliseconds after an overload in which another one is recognised early. */
const MEMORY = 5_000;
/** Milliseconds after which it is recognised then. */
const AGAIN = 25;

/**
 * How many clients a listener accepts in an event-loop iteration, and whether the process is overloaded: clients come faster than it
 * can accept them, so that the accept queue of the kernel has not been empty for some time (`limits.overloadAfter`), and is full. A burst
 * is no overload: the queue is empty again behind it, and has room for all of it, however slow the process is.
 *
 * A client that finds the queue full learns nothing, because the kernel drops what does not fit, and the client tries again after a
 * second. So in an overload the listener takes those out of the queue that it cannot serve, and resets them. It does so until it finds the
 * queue empty with what it accepts anyway.
 */
export class AcceptPace {
  /** Since when the queue has not been empty. */
  #behindSince: number | undefined = undefined;
  #isOverloaded = false;
  #lastOverload = -Infinity;
  #lastBatch = 0;
  /** Clients that are accepted in an iteration: fewer in an overload and for a while after it. */
  #most = ACCEPTS_PER_ITERATION;
  readonly #now: () => number;

  /** `now` gives milliseconds of a clock that only goes forward. */
  constructor(now = iterationTime) {
    this.#now = now;
  }

  /** Whether what is left in the queue is to be reset. */
  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  /** How many clients may be accepted in this iteration. */
  next(): number {
    if (this.#behindSince === undefined) return this.#most;
    const now = this.#now();
    const iteration = now - this.#lastBatch;
    this.#lastBatch = now;
    if (!this.#isOverloaded) return this.#most;
    // Proportionally less and then by one more, so that it settles.
    const next = iteration > LONGEST_ITERATION ? (this.#most * LONGEST_ITERATION) / iteration : this.#most + 1;
    this.#most = Math.min(ACCEPTS_PER_ITERATION, Math.max(LEAST_ACCEPTS, Math.floor(next)));
    return this.#most;
  }

  /**
   * There are more clients in the queue than may be accepted in this iteration. `after`: milliseconds until this is an overload, if the
   * queue is full then.
   */
  behind(after: number, isFull: () => boolean): void {
    const now = this.#now();
    if (this.#behindSince === undefined) {
      this.#behindSince = now;
      this.#lastBatch = now;
      if (now - this.#lastOverload >= MEMORY) this.#most = ACCEPTS_PER_ITERATION;
    }
    if (this.#isOverloaded) return;
    const passed = now - this.#behindSince;
    const isAgain = now - this.#lastOverload < MEMORY && passed >= AGAIN && after !== Infinity;
    this.#isOverloaded = isAgain || (passed >= after && isFull());
  }

  /** The queue is empty, or clients wait in it for another reason: for a place, or for a descriptor. */
  caughtUp(): void {
    if (this.#behindSince === undefined) return;
    if (this.#isOverloaded) this.#lastOverload = this.#now();
    this.#behindSince = undefined;
    this.#isOverloaded = false;
    if (this.#most < ACCEPTS_PER_ITERATION) this.#most += 1;
  }
}
