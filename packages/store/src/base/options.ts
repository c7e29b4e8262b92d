import type { Logger } from '@inband/core';
import type { UnavailableReason } from './errors.ts';

/** Options of every store. */
export interface StoreOptions {
  readonly logger: Logger;
  /** Milliseconds within which each call ends. 50 by default. */
  readonly deadline?: number;
  /** Failed calls in a row after which no call is made. 5 by default. */
  readonly failures?: number;
  /** Milliseconds after which one call tries again. 1,000 by default. */
  readonly retryAfter?: number;
  /** Milliseconds after which a watched key is read again, even if no change was said. 5,000 by default. */
  readonly reread?: number;
  /** Called for each call that has ended, with the milliseconds that it took: to be counted. */
  readonly onCall?: (result: StoreCallResult, milliseconds: number) => void;
  /** Milliseconds after its last beat for which a member lives. 30,000 by default: three beats of ten seconds. The same for all members. */
  readonly memberTtl?: number;
}

/** What became of a call. */
export type StoreCallResult = 'ok' | UnavailableReason;

/** What {@link StoreOptions} are where nothing is said. */
export const STORE_DEFAULTS = { deadline: 50, failures: 5, retryAfter: 1_000, reread: 5_000, memberTtl: 30_000 };

/** Milliseconds since 1970, with fractions, of a clock that does not go back. */
export type Clock = () => number;
