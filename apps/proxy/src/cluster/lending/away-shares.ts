import type { Placed, Leased, Rate } from '@inband/core';
import type { Store } from '@inband/store';
import type { AwayPolicy } from './lend-messages.ts';

/** Milliseconds after which whoever got nothing may ask again. */
const ASK_AGAIN = 1_000;

const CLOSED: Leased = { granted: 0, retryAfter: ASK_AGAIN, remaining: 0, closed: true };

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
    const { policy } = this.#deps;
    if (policy === 'open') return { granted: wanted, retryAfter: 0, remaining: rate.burst };
    if (policy === 'closed' || this.#isClosed) return CLOSED;
    this.#memory ??= this.#deps.open();
    const memory = await this.#memory;
    // It may be closed meanwhile.
    return memory.lease(bucket, shareOf(rate, this.#deps.parties()), wanted, owed).catch(() => CLOSED);
  }

  /** Of places, each has its part all the time. */
  hold(most: number, held: number, wanted: number): Placed {
    const { policy, parties } = this.#deps;
    if (policy === 'open') return { granted: wanted, free: most };
    const share = policy === 'closed' ? 0 : Math.max(1, Math.floor(most / parties()));
    const free = Math.max(0, share - held);
    const granted = Math.min(wanted, free);
    return { granted, free: free - granted };
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
