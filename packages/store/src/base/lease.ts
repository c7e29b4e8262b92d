import type { Taken } from '@inband/core';
import type { Leased } from './store.ts';

/** A lease from a bucket, of which `take` takes so many now, or with patience. `owed` is taken whatever there is. */
export function leaseBy(take: (n: number, patience?: number) => Taken, n: number, owed: number): Leased {
  if (owed > 0) take(owed, Infinity);
  const granted = Math.min(n, take(0).remaining);
  // Where there is none, one more is asked for, to know when there is.
  const { retryAfter, remaining } = take(granted > 0 ? granted : Math.min(n, 1));
  return { granted, retryAfter, remaining };
}
