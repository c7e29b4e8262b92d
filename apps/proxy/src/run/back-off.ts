const SHORTEST = 100;
const LONGEST = 10_000;
/** A worker that ran this long did not fail at its start, so the next wait is the shortest again. */
const HEALTHY = 60_000;

/** The wait before a worker is restarted: doubled each time, up to ten seconds. */
export class BackOff {
  #next = SHORTEST;

  /** Milliseconds to wait before a worker that ran for `ran` milliseconds is restarted. */
  after(ran: number): number {
    if (ran >= HEALTHY) this.#next = SHORTEST;
    const delay = this.#next;
    this.#next = Math.min(delay * 2, LONGEST);
    return delay;
  }
}
