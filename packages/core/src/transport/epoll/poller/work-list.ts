import { Fifo } from './fifo.ts';
import type { Watched } from './watched.ts';

/** What was queued to be done from the event loop: what is left of this round, and what is for the next one. */
export class WorkList {
  #round = new Fifo<Watched>();
  #nextRound = new Fifo<Watched>();
  /** Connections in `#nextRound` that only go on with a splice. */
  #splices = 0;

  /** Work in both rounds. */
  get length(): number {
    return this.#round.length + this.#nextRound.length;
  }

  /** Splices, if they are all the work there is; otherwise -1. */
  get onlySplices(): number {
    return this.length === this.#splices ? this.#splices : -1;
  }

  /** Adds to the next round what is not in the list yet. Returns whether it was added. */
  add(watched: Watched): boolean {
    if (watched.hasWork) return false;
    watched.hasWork = true;
    this.#nextRound.push(watched);
    return true;
  }

  /** The same for a connection that only goes on with a splice. */
  addSplice(watched: Watched): boolean {
    if (!this.add(watched)) return false;
    this.#splices += 1;
    return true;
  }

  /** The next round becomes this one, unless something is left of this one. */
  beginRound(): void {
    if (this.#round.length > 0) return;
    const done = this.#round;
    this.#round = this.#nextRound;
    this.#nextRound = done;
    this.#splices = 0;
  }

  /** The next work of this round; undefined when the round is over. */
  take(): Watched | undefined {
    const watched = this.#round.take();
    if (watched !== undefined) watched.hasWork = false;
    return watched;
  }
}
