import { type Bucket, debtAt, MICROSECONDS, type Rate, type Taken, takeFrom } from '@inband/core';
import { countIn, type Counter } from '../base/counter.ts';
import { StoreUnavailable } from '../base/errors.ts';
import { holdIn, type Place } from '../base/places.ts';
import type { Counted, Counting, Holding, Placed } from '../base/store.ts';
import type { Change } from './change-entry.ts';
import { parseRecord } from './parse-record.ts';

/** Microseconds, in tests of the algorithm. */
type BucketClock = (() => number) | undefined;

/** What is done with a bucket, from which `take` takes. */
export type Spend<T> = (take: (n: number, patience: number) => Taken) => T;

/** Takes from a bucket. */
export function spendChange<T>(rate: Rate, how: Spend<T>, clock: BucketClock): Change<Bucket, T> {
  return ({ content }, server) => {
    const now = clock?.() ?? Math.floor(server * MICROSECONDS);
    const bucket = content ?? { at: now, debt: 0 };
    // A clock that was put back goes on from there, because the debt would not be paid until it is where it was.
    const isBack = bucket.at > now;
    if (isBack) bucket.at = now;
    debtAt(bucket, rate, now);
    const before = bucket.debt;
    const answer = how((n, patience) => {
      const taken = { allowed: false, retryAfter: 0, remaining: 0 };
      takeFrom(bucket, rate, n, patience, taken);
      return taken;
    });
    return { ...((bucket.debt !== before || isBack) && { write: JSON.stringify(bucket) }), answer: () => answer };
  };
}

/** Says what a holder has. */
export function holdChange(holder: string, holding: Holding, clock: BucketClock): Change<Map<string, Place>, Placed> {
  return ({ content }, server) => {
    const all = new Map(content);
    const placed = holdIn(all, holder, holding, millisecondsOf(server, clock));
    if (all.size > 0) return { write: JSON.stringify({ holders: [...all] }), answer: () => placed };
    return { ...(content !== undefined && { write: null }), answer: () => placed };
  };
}

/** Counts. */
export function countChange(counting: Counting, clock: BucketClock): Change<Counter, Counted> {
  return ({ content }, server) => {
    const { after, answer } = countIn(content, counting, millisecondsOf(server, clock));
    const isSame = counting.used === 0 && answer.granted === 0;
    return { ...(!isSame && { write: JSON.stringify(after) }), answer: () => answer };
  };
}

function millisecondsOf(server: number, clock: BucketClock): number {
  return Math.floor(clock === undefined ? server : clock() / MICROSECONDS);
}

/** Reads a bucket. */
export function parseBucket(text: string): Bucket {
  const { at, debt } = parseRecord(text, 'at', 'debt');
  return { at, debt };
}

/** Reads the places of a key. */
export function parsePlaces(text: string): Map<string, Place> {
  const { holders } = parseRecord(text);
  if (!Array.isArray(holders) || !holders.every(isHolder))
    throw new StoreUnavailable('refused', 'Something else writes into the buckets of the store.');
  return new Map(holders);
}

/** Reads a counter. */
export function parseCounter(text: string): Counter {
  const { of, total } = parseRecord(text, 'of', 'total');
  return { of, total };
}

function isHolder(holder: unknown): holder is [string, Place] {
  if (!Array.isArray(holder) || typeof holder[0] !== 'string') return false;
  const place: unknown = holder[1];
  if (typeof place !== 'object' || place === null || !('places' in place) || !('until' in place)) return false;
  return typeof place.places === 'number' && typeof place.until === 'number';
}
