import { MICROSECONDS } from '@inband/core';
import { parseRecord } from './parse-record.ts';
import type { Read } from './stored.ts';

/** A lock as it is stored. */
export interface Held {
  /** The number of the holder before. */
  readonly before: number;
  /** The number of this one, once it was written again. The first writing does not know it. */
  readonly fence?: number;
  /** Milliseconds of the server's clock. */
  readonly until: number;
  /** Who has it, where that was said. */
  readonly holder?: string;
}

/** Reads a lock. */
export function parseHeld(text: string): Held {
  const { before, until, fence, holder } = parseRecord(text, 'before', 'until');
  return {
    before,
    until,
    ...(typeof fence === 'number' && { fence }),
    ...(typeof holder === 'string' && { holder }),
  };
}

/**
 * The number of a holder: when the server wrote the lock, in microseconds, so that it is greater than all before even on a server that was wiped
 * or restored. It counts on where two come in the same millisecond, or the server's clock goes back.
 */
export function fenceOf({ content, created }: Read<Held>): number {
  if (content === undefined) return 0;
  return content.fence ?? Math.max(content.before + 1, created * MICROSECONDS);
}
