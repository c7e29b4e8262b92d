import { MICROSECONDS, type Rate } from '../rates/gcra.ts';

/** Milliseconds for which a lease is to last. */
export const LEASE_TIME = 100;

/** Milliseconds after which a bucket in which there is nothing left is asked again at the earliest. */
const SOONEST = 10;

/** What may be spent in advance at least, so that a page with its parts is no matter of one answer. */
const LEAST_ADVANCE = 10;

/** What a process has in a lease at most: what the rate gives in {@link LEASE_TIME}. 0 for slow rates, of which nothing is leased. */
export function mostLeased({ amount, per, burst }: Rate): number {
  return Math.min(burst, Math.floor((amount * LEASE_TIME) / per));
}

/** What a process may spend before it is charged. */
export function advanceOf(rate: Rate, parties: number): number {
  return Math.min(rate.burst, Math.max(LEAST_ADVANCE, Math.ceil(rate.burst / parties), mostLeased(rate)));
}

/** Milliseconds in which the rate, divided by `parties`, gives one. */
export function shareTime({ amount, per }: Rate, parties: number): number {
  return (per * parties) / amount;
}

/**
 * Milliseconds until a bucket in which there is nothing left is asked again. A small burst is full again sooner than a lease lasts, and what is
 * given beyond it is lost, so it is asked more often.
 */
export function pauseOf({ amount, per, burst }: Rate): number {
  return Math.min(LEASE_TIME, Math.max(SOONEST, (burst * per) / amount / 2));
}

/** As {@link pauseOf}, for what waits for its turn, which is charged soon so that the order of all who wait is known. */
export const PATIENT_PAUSE = SOONEST;

/** Microseconds, a whole number, as buckets have them. */
export function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * MICROSECONDS);
}
