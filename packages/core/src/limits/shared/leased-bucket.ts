import type { TableEntry } from '../rates/bucket-table.ts';
import { debtAt, MICROSECONDS, type Rate } from '../rates/gcra.ts';
import type { Leased } from './lender.ts';
import { LEASE_TIME, microseconds, mostLeased } from './terms.ts';

/**
 * With so much left of a lease, more is asked for. Until an answer comes there is the advance as well, so that more would only be asked for more
 * often: each question costs two processes about 0.3 ms.
 */
const LOW = 1 / 8;

/**
 * What a process knows of a bucket that it shares with others. `at` and `debt` are those of the shared bucket, as it was when it was last asked,
 * with what was spent here since then.
 *
 * ```
 *            spends in advance, up to its advance
 *   unknown ────────────────────────────────────▶ asked ──▶ something is left ◀──┐ spends its lease, then in advance,
 *      ▲                                            ▲  └──▶ nothing is left      │ and asks at once
 *      │ paid, and nothing is owed                  │        │ spends in advance what its part of the rate gives,
 *      └────────────────────────────────────────────┴────────┘ and asks after a pause
 * ```
 */
export interface LeasedBucket extends TableEntry {
  /** Is taken from the shared bucket, and not spent. */
  lease: number;
  /** With so much left of its lease it asks for more. */
  low: number;
  /** Was spent in advance, and is not known to be charged. */
  owed: number;
  /** How much of `owed` is being charged. */
  sent: number;
  /** What was asked of it since `since` (milliseconds), refused or not. */
  asked: number;
  since: number;
  /** What was asked of it in {@link LEASE_TIME}, before `since`. */
  demand: number;
  /** When its lender answered last, in milliseconds. */
  answered: number;
  /** When its lender may be asked again. */
  again: number;
  isAsking: boolean;
  /** The last answer was that nothing is left. */
  isShort: boolean;
}

/** A bucket of which nothing is known. `now`: milliseconds. */
export function unknownBucket(key: string, now: number): LeasedBucket {
  return {
    key,
    at: microseconds(now),
    debt: 0,
    lease: 0,
    low: 0,
    owed: 0,
    sent: 0,
    asked: 0,
    since: now,
    demand: 0,
    answered: now,
    again: now,
    isAsking: false,
    isShort: false,
  };
}

/** How much is to be leased: as much as is asked of it in the time of a lease. Nothing of a bucket that is seldom asked or has a queue. */
export function wantedOf(bucket: LeasedBucket, rate: Rate, now: number): number {
  const passed = now - bucket.since;
  if (passed >= LEASE_TIME) {
    bucket.demand = (bucket.asked * LEASE_TIME) / passed;
    bucket.asked = 0;
    bucket.since = now;
  }
  const demand = Math.floor(Math.max(bucket.demand, bucket.asked));
  if (demand < 2 || hasQueue(bucket, rate)) return 0;
  return Math.max(0, Math.min(demand, mostLeased(rate)) - bucket.lease);
}

/** Whether somebody waits for what was taken. */
export function hasQueue({ debt }: LeasedBucket, rate: Rate): boolean {
  return debt > full(rate);
}

/** What the lender has answered to a bucket that wanted `wanted`. */
export function learn(bucket: LeasedBucket, rate: Rate, wanted: number, leased: Leased, now: number): void {
  const waits = debtAt(bucket, rate, microseconds(now));
  // What was spent meanwhile is paid by what was granted, as far as it goes.
  const paid = Math.min(bucket.owed, leased.granted);
  bucket.owed -= paid;
  bucket.debt = debtOf(rate, wanted, leased) + bucket.owed * unit(rate);
  bucket.isShort = leased.remaining === 0;
  if (waits > full(rate)) {
    // Whoever waits already keeps its place. So the rest is forgotten, because who comes next would pass before those.
    bucket.debt = Math.max(bucket.debt, waits);
    return;
  }
  bucket.lease += leased.granted - paid;
  bucket.low = Math.floor(bucket.lease * LOW);
}

/** The debt of the shared bucket, as far as it can be seen in an answer. */
function debtOf(rate: Rate, wanted: number, { granted, retryAfter, remaining }: Leased): number {
  if (retryAfter === 0) return Math.max(0, full(rate) - remaining * unit(rate));
  // `retryAfter` is the time until there is one, if one was wanted.
  const one = wanted > granted ? unit(rate) : 0;
  return Math.max(0, full(rate) - one + retryAfter * rate.amount * MICROSECONDS);
}

function unit({ per }: Rate): number {
  return per * MICROSECONDS;
}

function full(rate: Rate): number {
  return rate.burst * unit(rate);
}
