import type { Counted, Counting } from './store.ts';

/** What is counted in one period. */
export interface Counter {
  /** The number of the period. */
  readonly of: number;
  readonly total: number;
}

/** So that every sum is exact. */
export const MOST_COUNTED = 9e15;

/** The name of a counter: periods of another length have another number. */
export function counterKey(key: string, period: number): string {
  return `${period}/${key}`;
}

/** The period at a moment. One that has begun by a clock which is a little ahead has begun. */
export function periodAt(old: Counter | undefined, period: number, now: number): number {
  const present = Math.floor(now / period);
  return old?.of === present + 1 ? old.of : present;
}

/** What is counted from now on, and what is answered. `now`: milliseconds. */
export function countIn(
  old: Counter | undefined,
  counting: Counting,
  now: number,
): { after: Counter; answer: Counted } {
  const { most, period, used, wanted, of: usedIn } = counting;
  const of = periodAt(old, period, now);
  const before = old?.of === of ? old.total : 0;
  const isOver = used < 0 && usedIn !== of;
  const total = Math.max(0, Math.min(MOST_COUNTED, before + (isOver ? 0 : used)));
  const granted = Math.max(0, Math.min(wanted, most - total));
  const after = { of, total: total + granted };
  return { after, answer: { granted, total: after.total, of, left: Math.max(0, (of + 1) * period - now) } };
}
