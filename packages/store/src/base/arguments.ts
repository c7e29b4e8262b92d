import type { Rate } from '@inband/core';
import { MOST_COUNTED } from './counter.ts';
import { StoreArgumentError } from './errors.ts';
import { type Counting, type Holding, MOST_KEY_BYTES, MOST_VALUE_BYTES, type PutOptions } from './store.ts';

/** Milliseconds that something may last at most: a year. */
const LONGEST = 366 * 86_400_000;
/** So that every sum of the algorithm is exact (`Rate` in core). */
const MOST_OF_RATE = 9e12;
/** Places of one key at most, so that the sum of all holders is exact. */
const MOST_PLACES = 1e9;

/** Throws a {@link StoreArgumentError} for a name that not every store can have. */
export function checkName(what: string, name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > MOST_KEY_BYTES || !name.isWellFormed())
    throw new StoreArgumentError(`${what}: expected 1 to ${MOST_KEY_BYTES} bytes of text, got ${bytes}`);
}

/** As {@link checkName}, for a value. */
export function checkValue(value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > MOST_VALUE_BYTES || !value.isWellFormed())
    throw new StoreArgumentError(`value: expected at most ${MOST_VALUE_BYTES} bytes of text, got ${bytes}`);
}

/** As {@link checkName}, for conditions. */
export function checkPut({ ttl, fence }: PutOptions): void {
  if (ttl !== undefined) checkTtl(ttl);
  if (fence !== undefined) checkWhole('fence', fence, 1, Number.MAX_SAFE_INTEGER);
}

/** As {@link checkName}, for a duration. */
export function checkTtl(ttl: number): void {
  checkWhole('ttl', ttl, 1, LONGEST);
}

/** As {@link checkName}, for what is to be taken from a bucket. */
export function checkTake(rate: Rate, n: number, patience: number): void {
  checkWhole('rate.amount', rate.amount, 1, MOST_OF_RATE);
  checkWhole('rate.per', rate.per, 1, MOST_OF_RATE);
  checkWhole('rate.burst', rate.burst, 1, Math.floor(MOST_OF_RATE / rate.per));
  checkWhole('n', n, 0, MOST_OF_RATE);
  checkWhole('patience', patience, 0, LONGEST);
}

/** As {@link checkName}, for places. */
export function checkHolding({ most, held, wanted, ttl }: Holding): void {
  checkWhole('most', most, 0, MOST_PLACES);
  checkWhole('held', held, 0, MOST_PLACES);
  checkWhole('wanted', wanted, 0, MOST_PLACES);
  checkTtl(ttl);
}

/** As {@link checkName}, for what is counted. */
export function checkCounting({ most, period, used, wanted, of = 0 }: Counting): void {
  checkWhole('most', most, 0, MOST_COUNTED);
  checkWhole('period', period, 1, LONGEST);
  checkWhole('used', used, -MOST_COUNTED, MOST_COUNTED);
  checkWhole('wanted', wanted, 0, MOST_COUNTED);
  checkWhole('of', of, 0, Number.MAX_SAFE_INTEGER);
}

/** As {@link checkName}, for what was spent of a bucket already. */
export function checkOwed({ per }: Rate, owed: number): void {
  checkWhole('owed', owed, 0, Math.floor(MOST_OF_RATE / per));
}

function checkWhole(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new StoreArgumentError(`${what}: expected a whole number from ${least} to ${most}, got ${value}`);
}
