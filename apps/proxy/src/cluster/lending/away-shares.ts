import type { Placed, Leased, Rate } from '@inband/core';
import type { Holding, Store } from '@inband/store';
import type { AwayPolicy } from './lend-messages.ts';
import { storeName } from './store-name.ts';

/** Milliseconds after which whoever got nothing may ask again. */
const ASK_AGAIN = 1_000;

const CLOSED: Leased = { granted: 0, retryAfter: ASK_AGAIN, remaining: 0, closed: true };

/** Milliseconds after which the places of a process that does not say again that it has them are free. */
export const PLACES_TTL = 30_000;

const FULL: Placed = { granted: 0, free: 0, closed: true };

interface AwaySharesDeps {
  /** What limits are while nobody answers who counts for all. */
  readonly policy: AwayPolicy;
  /** Among how many a limit divides, as far as it is known. */
  readonly parties: () => number;
  /** Opens a store in memory, when it is needed for the first time. */
  readonly open: () => Promise<Store>;
}

/**
 * What limits are while nobody answers who counts for all, by `store.away`. With `local`, each of those among whom a limit divides has its part of it:
 * so many times the burst, and one more for each that is not divisible, may pass at the moment of the change.
 */
export class AwayShares {
  readonly #deps: AwaySharesDeps;
  #memory: Promise<Store> | undefined = undefined;
  #isClosed = false;

  constructor(deps: AwaySharesDeps) {
    this.#deps = deps;
  }

  async lease(bucket: string, rate: Rate, owed: number, wanted: number): Promise<Leased> {
    const { policy, parties } = this.#deps;
    if (policy === 'open') return { granted: wanted, retryAfter: 0, remaining: rate.burst };
    if (policy === 'closed' || this.#isClosed) return CLOSED;
    const memory = await this.#opened();
    // It may be closed meanwhile.
    return memory.lease(storeName(bucket), shareOf(rate, parties()), wanted, owed).catch(() => CLOSED);
  }

  async hold(key: string, holder: string, holding: Holding): Promise<Placed> {
    const { policy, parties } = this.#deps;
    const { most, wanted } = holding;
    if (policy === 'open') return { granted: wanted, free: most };
    if (policy === 'closed' || this.#isClosed) return FULL;
    const memory = await this.#opened();
    const share = Math.max(1, Math.floor(most / parties()));
    return memory.hold(storeName(key), holder, { ...holding, most: share }).catch(() => FULL);
  }

  #opened(): Promise<Store> {
    this.#memory ??= this.#deps.open();
    return this.#memory;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#memory)?.close();
  }
}

/** The part of a rate that one of `parties` has. In whole numbers: a longer time, and a smaller burst of at least one. */
export function shareOf({ amount, per, burst }: Rate, parties: number): Rate {
  return { amount, per: per * parties, burst: Math.max(1, Math.floor(burst / parties)) };
}
