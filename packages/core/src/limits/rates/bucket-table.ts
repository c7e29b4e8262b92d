import { type Bucket, debtAt, type Rate } from './gcra.ts';

/** Buckets that are looked at when one is added: more than one, so that a table shrinks again. */
const SWEPT = 2;

/** Full tables drop the one with the least debt among so many. */
const COMPARED = 8;

/** A bucket with its key, to be found by the sweep. */
export interface TableEntry extends Bucket {
  readonly key: string;
}

/**
 * Buckets by key, in bounded memory. A bucket whose debt is paid is as good as none, and is dropped when the sweep comes by: with each
 * bucket that is added it looks at the next few. If the table is full, the one that owes least of the next {@link COMPARED} is dropped, so that
 * whoever asks most is remembered, and nobody is refused because of others. Its key begins anew then. So a client with more addresses
 * than the table has buckets is held to no rate of its own, only to that of the whole service.
 */
export class BucketTable<Entry extends TableEntry> {
  readonly #most: number;
  readonly #isSettled: (entry: Entry, rate: Rate) => boolean;
  readonly #entries = new Map<string, Entry>();
  /** Goes around the entries for ever. */
  #hand: Iterator<Entry>;

  /** `isSettled`: whether nothing else is to be done for a bucket whose debt is paid. */
  constructor(most: number, isSettled: (entry: Entry, rate: Rate) => boolean = () => true) {
    this.#most = most;
    this.#isSettled = isSettled;
    this.#hand = this.#entries.values();
  }

  /** Buckets that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Adds one whose key has none. Its `at` is the time now. */
  add(entry: Entry, rate: Rate): void {
    const now = entry.at;
    for (let swept = 0; swept < SWEPT; swept += 1) this.#dropIfPaid(rate, now);
    if (this.#entries.size >= this.#most) this.#dropLeast(rate, now);
    this.#entries.set(entry.key, entry);
  }

  #dropIfPaid(rate: Rate, now: number): void {
    const entry = this.#next();
    if (entry !== undefined && debtAt(entry, rate, now) === 0 && this.#isSettled(entry, rate))
      this.#entries.delete(entry.key);
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
