import { BucketTable, type TableEntry } from './bucket-table.ts';
import { debtAt, giveBackTo, MICROSECONDS, type Rate, type Taken, takeFrom } from './gcra.ts';

/** Buckets that are kept at most, in one table. About 120 bytes each. */
export const MOST_BUCKETS = 65_536;

/** Buckets of one limit, by the keys of those that it is for. */
export interface RateBuckets {
  /** Buckets that are kept. */
  readonly size: number;
  /**
   * Takes `n` from the bucket of `key`, or nothing. `patience`: milliseconds that may be waited before it is used. The result is valid
   * until the next call. More than `rate.burst` can never be taken at once.
   */
  take(key: string, rate: Rate, n: number, patience?: number): Taken;
  /** Undoes a `take` that was allowed, because something else refuses what it was for. */
  giveBack(key: string, rate: Rate, n: number): void;
}

/** Buckets that this process has for itself. */
export class Buckets implements RateBuckets {
  readonly #now: () => number;
  readonly #table: BucketTable<TableEntry>;
  /** What `take` returns. One object, because it is called for every request. */
  readonly #taken = { allowed: false, retryAfter: 0, remaining: 0 };

  /** `now`: milliseconds, of a clock that does not go back. */
  constructor(now: () => number, most = MOST_BUCKETS) {
    this.#now = now;
    this.#table = new BucketTable(most);
  }

  get size(): number {
    return this.#table.size;
  }

  take(key: string, rate: Rate, n: number, patience = 0): Taken {
    const now = Math.round(this.#now() * MICROSECONDS);
    const entry = this.#table.get(key) ?? this.#add(key, rate, now);
    debtAt(entry, rate, now);
    takeFrom(entry, rate, n, patience, this.#taken);
    return this.#taken;
  }

  giveBack(key: string, rate: Rate, n: number): void {
    const entry = this.#table.get(key);
    if (entry !== undefined) giveBackTo(entry, rate, n);
  }

  #add(key: string, rate: Rate, now: number): TableEntry {
    const entry = { key, at: now, debt: 0 };
    this.#table.add(entry, rate);
    return entry;
  }
}
