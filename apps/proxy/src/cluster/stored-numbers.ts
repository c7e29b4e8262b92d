import { z } from 'zod';

/**
 * Numbers that other members have stored. They are bounded where they are read, because whoever writes to the store may write anything: what is
 * made of these is a `Date`, and one more is a number again that every member reads.
 */

/** Milliseconds since 1970, until the year 50,000 or so. The difference of two clocks may be added. */
export const instant = z.number().min(0).max(1.5e15);

/** Milliseconds between two clocks. */
export const difference = z.number().min(-1.5e15).max(1.5e15);

/** What grows by one with each change. */
export const serial = z
  .int()
  .min(0)
  .max(2 ** 48);
