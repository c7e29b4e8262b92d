import type { Rate } from '../rates/gcra.ts';

/** What was taken of a bucket for later. */
export interface Leased {
  /** From 0 to what was asked for. */
  readonly granted: number;
  /** Milliseconds after which there is one to be taken; 0 where something was granted. */
  readonly retryAfter: number;
  /** What can still be taken now. */
  readonly remaining: number;
  /** Nothing may be spent in advance either, because limits are closed while nobody counts for all. */
  readonly closed?: boolean | undefined;
}

/** What somebody has got of what there may be at one time. */
export interface Placed {
  /** Places for later, from 0 to what was wanted. */
  readonly granted: number;
  /** Places that nobody has. */
  readonly free: number;
  /** Nothing may be opened that nobody was asked about, because limits are closed while nobody counts for all. */
  readonly closed?: boolean | undefined;
}

/** What has become of a count in periods, of which each begins at 0. */
export interface Counted {
  /** What was taken in advance, from 0 to what was wanted. */
  readonly granted: number;
  /** What all together have used and taken in this period. */
  readonly total: number;
  /** The number of the period. */
  readonly of: number;
  /** Milliseconds until it ends, by the clock of whoever counts for all. */
  readonly left: number;
}

/**
 * Lends parts of limits that several processes or machines share, so that a process spends what it has without asking. No request waits for it. A
 * call resolves within a bounded time and never rejects: where whoever is asked does not answer, the lender itself decides, as it is
 * configured. Names of buckets and keys begin with the place of the limit, such as `web/perClient.requests/192.0.2.7`, and may be of any length.
 */
export interface Lender {
  /** Takes `owed`, which was spent in advance (so the bucket may go into debt beyond its burst), and then as many as there are, at most `wanted`. */
  lease(bucket: string, rate: Rate, owed: number, wanted: number): Promise<Leased>;
  /**
   * Says how many places of `most` this process has under `key`: `held` are taken, and are never refused; `wanted` more are for later. Each call
   * replaces what the last one under this key has said, and 0 of both gives everything back.
   */
  hold(key: string, most: number, held: number, wanted: number): Promise<Placed>;
  /**
   * Counts `used` of the quota of a day, of which there is `most`, and takes `wanted` more in advance, as far as they fit. What was granted counts
   * as used. Less than 0 in `used` gives back what was granted in the day `of`, unless that is over. Undefined: whoever counts for all
   * does not answer. Then `used` may have been counted or not, and nothing was granted.
   */
  count(key: string, most: number, used: number, wanted: number, of?: number): Promise<Counted | undefined>;
  /** Among how many processes a limit divides where each has to decide for itself, as far as it is known: at least 1. */
  readonly parties: number;
}
