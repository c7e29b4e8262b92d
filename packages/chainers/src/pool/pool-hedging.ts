import type { Hedging, Session } from '@inband/core';
import { noteOf, PoolNote } from './members/pool-note.ts';
import type { Pool } from './pool.ts';
import { FirstByteTimes } from './retry/first-byte-times.ts';

/** Has slow requests of a pool sent to a second server, after the time that most requests have had their answer in. */
export class PoolHedging implements Hedging {
  readonly #pool: Pool;
  readonly #times: FirstByteTimes;

  /** `quantile`: from 0 to 1, the part of the requests that have their answer in time. */
  constructor(pool: Pool, quantile: number) {
    this.#pool = pool;
    this.#times = new FirstByteTimes(quantile);
  }

  /** Rounded up to two digits, because each time that is waited for has a list of its own. */
  get delay(): number | undefined {
    const { value } = this.#times;
    if (value === undefined) return undefined;
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
    return Math.max(1, Math.ceil(value / unit) * unit);
  }

  /** A session had its first byte after so many milliseconds. */
  answered(wait: number): void {
    this.#times.add(wait);
  }

  begin({ chainerNote: first }: Session, beside: Session): boolean {
    return first instanceof PoolNote && this.#pool.mayHedge(first, noteOf(beside));
  }

  won(session: Session, beside: Session): void {
    const { chainerNote } = session;
    session.chainerNote = beside.chainerNote;
    beside.chainerNote = chainerNote;
  }
}
