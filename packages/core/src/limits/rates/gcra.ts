/** How much of something there may be: `amount` in each `per`, and `burst` at once after a pause. */
export interface Rate {
  /** A whole number from 1 on. */
  readonly amount: number;
  /** Milliseconds, a whole number. */
  readonly per: number;
  /** A whole number from 1 on. `burst * per` must not exceed 9e12, so that every sum is exact. */
  readonly burst: number;
}

/**
 * What is known of one bucket: its debt at a moment. Nothing taken so far is a debt of 0, so that a bucket whose debt is paid can be
 * forgotten without a difference.
 */
export interface Bucket {
  /** Microseconds, a whole number, of a clock that does not go back. */
  at: number;
  /** What was taken and is not paid yet, in `rate.per` microseconds for one unit. It is paid at `rate.amount` for each microsecond. */
  debt: number;
}

/** What came of a try to take something. */
export interface Taken {
  readonly allowed: boolean;
  /**
   * Milliseconds, a whole number. Where it is refused: after so long the same may be taken, if nobody else takes anything. Where it is allowed: to
   * be waited before it is used, 0 for whoever has no patience.
   */
  readonly retryAfter: number;
  /** What can still be taken now. */
  readonly remaining: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Microseconds in a millisecond. */
export const MICROSECONDS = 1_000;

/**
 * The generic cell rate algorithm (ITU-T I.371 appendix I, the continuous-state leaky bucket, which decides as virtual scheduling does).
 * In any time `t`, no more than `burst + t * amount / per` is taken. Whatever shares a limit, here or in a store for several machines,
 * calculates by these functions. They use whole numbers, so that no rounding error adds up.
 *
 * With `patience` (milliseconds) more is given than there is at present, to be used later: whoever waits has a place in the order of coming.
 *
 * Writes the outcome into `taken`, because it is called for every request. `debtAt` must have been called with the same `now`.
 */
export function takeFrom(bucket: Bucket, rate: Rate, n: number, patience: number, taken: Writable<Taken>): void {
  const unit = rate.per * MICROSECONDS;
  const most = rate.burst * unit;
  const debt = bucket.debt + n * unit;
  // In a millisecond.
  const paid = rate.amount * MICROSECONDS;
  taken.allowed = debt <= most + patience * paid;
  taken.retryAfter = debt <= most ? 0 : Math.ceil((debt - most) / paid);
  if (taken.allowed) bucket.debt = debt;
  taken.remaining = Math.max(0, Math.floor((most - bucket.debt) / unit));
}

/** Brings a bucket to `now` (microseconds), and returns its debt then. */
export function debtAt(bucket: Bucket, rate: Rate, now: number): number {
  if (now > bucket.at) {
    bucket.debt = Math.max(0, bucket.debt - (now - bucket.at) * rate.amount);
    bucket.at = now;
  }
  return bucket.debt;
}

/** Undoes a `takeFrom` that was allowed. */
export function giveBackTo(bucket: Bucket, rate: Rate, n: number): void {
  bucket.debt = Math.max(0, bucket.debt - n * rate.per * MICROSECONDS);
}
