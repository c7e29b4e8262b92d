import type { ChainerPool, SessionRecord } from '@inband/core';

/** How long connecting to a server takes, in milliseconds. */
export interface ConnectTime {
  readonly last: number;
  /** With the weight of the newest ones, of which each counts a tenth. */
  readonly average: number;
}

const WEIGHT = 0.1;

/** How long connecting to the servers of pools takes, from the sessions that have ended. */
export class ConnectTimes {
  readonly #times = new WeakMap<ChainerPool, Map<string, ConnectTime>>();

  /** Notes the connection of a session, if one was made for it. `pools`: of its route. */
  note({ session }: SessionRecord, pools: readonly ChainerPool[]): void {
    const attempt = session.attempts?.at(-1);
    if (attempt === undefined || attempt.error !== undefined) return;
    for (const pool of pools) {
      const address = pool.serverOf(session);
      if (address !== undefined) this.#add(pool, address, attempt.duration);
    }
  }

  of(pool: ChainerPool, address: string): ConnectTime | undefined {
    return this.#times.get(pool)?.get(address);
  }

  #add(pool: ChainerPool, address: string, last: number): void {
    let times = this.#times.get(pool);
    if (times === undefined) this.#times.set(pool, (times = new Map()));
    const before = times.get(address)?.average ?? last;
    times.set(address, { last, average: before + WEIGHT * (last - before) });
  }
}
