const SHORTEST = 100;
const LONGEST = 10_000;
/** Whoever ran this long was not felled by its own start: the count begins anew. */
const HEALTHY = 60_000;

/** How long to wait before something that died is started again: twice as long each time, up to ten seconds. */
export class BackOff {
  #next = SHORTEST;

  /** Milliseconds to wait, for one that lived `ran` milliseconds. */
  after(ran: number): number {
    if (ran >= HEALTHY) this.#next = SHORTEST;
    const delay = this.#next;
    this.#next = Math.min(delay * 2, LONGEST);
    return delay;
  }
}
