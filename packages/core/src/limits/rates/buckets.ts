import { type Bucket, debtAt, giveBackTo, MICROSECONDS, type Rate, type Taken, takeFrom } from './gcra.ts';

/** Buckets that are kept at most, in one table. About 120 bytes each. */
export const MOST_BUCKETS = 65_536;

/** Buckets that are looked at when one is added: more than one, so that a table shrinks again. */
const SWEPT = 2;

/** Full tables drop the one with the least debt among so many. */
const COMPARED = 8;

/** A bucket with its key, to be found by the sweep. */
interface Entry extends Bucket {
  readonly key: string;
}

/**
 * Buckets by key, in bounded memory. A bucket whose debt is paid is as good as none, and is dropped when the sweep comes by: with each
 * bucket that is added it looks at the next few. If the table is full, the one that owes least of the next {@link COMPARED} is dropped, so that
 * whoever asks most is remembered, and nobody is refused because of others. Its key begins anew then. So a client with more addresses
 * than the table has buckets is held to no rate of its own, only to that of the whole service.
 */
export class Buckets {
  readonly #now: () => number;
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();
  /** Goes around the entries for ever. */
  #hand: Iterator<Entry>;
  /** What `take` returns. One object, because it is called for every request. */
  readonly #taken = { allowed: false, retryAfter: 0, remaining: 0 };

  /** `now`: milliseconds, of a clock that does not go back. */
  constructor(now: () => number, most = MOST_BUCKETS) {
    this.#now = now;
    this.#most = most;
    this.#hand = this.#entries.values();
  }

  /** Buckets that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Takes `n` from the bucket of `key`, or nothing. `patience`: milliseconds that may be waited before it is used. The result is valid
   * until the next call. More than `rate.burst` can never be taken at once.
   */
  take(key: string, rate: Rate, n: number, patience = 0): Taken {
    const now = Math.round(this.#now() * MICROSECONDS);
    const entry = this.#entries.get(key) ?? this.#add(key, rate, now);
    debtAt(entry, rate, now);
    takeFrom(entry, rate, n, patience, this.#taken);
    return this.#taken;
  }

  /** Undoes a `take` that was allowed, because something else refuses what it was for. */
  giveBack(key: string, rate: Rate, n: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) giveBackTo(entry, rate, n);
  }

  #add(key: string, rate: Rate, now: number): Entry {
    for (let swept = 0; swept < SWEPT; swept += 1) this.#dropIfPaid(rate, now);
    if (this.#entries.size >= this.#most) this.#dropLeast(rate, now);
    const entry = { key, at: now, debt: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #dropIfPaid(rate: Rate, now: number): void {
    const entry = this.#next();
    if (entry !== undefined && debtAt(entry, rate, now) === 0) this.#entries.delete(entry.key);
  }

  #dropLeast(rate: Rate, now: number): void {
    let least = this.#next();
    for (let compared = 1; compared < COMPARED; compared += 1) {
      const entry = this.#next();
      if (entry !== undefined && least !== undefined && debtAt(entry, rate, now) < debtAt(least, rate, now))
        least = entry;
    }
    if (least !== undefined) this.#entries.delete(least.key);
  }

  #next(): Entry | undefined {
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = this.#entries.values();
    const first = this.#hand.next();
    return first.done === true ? undefined : first.value;
  }
}
