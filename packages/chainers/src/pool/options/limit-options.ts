import { z } from 'zod';
import { duration } from '../../options/duration.ts';
import type { PoolLimits } from '../limits/pool-limits.ts';

/** What the configuration says of the sessions that a pool may have at one time. */
export interface LimitOptions {
  /** At all servers together. Default: no limit. */
  readonly maxConnections?: number | undefined;
  readonly queue?: { readonly size?: number | undefined; readonly timeout?: number | undefined } | undefined;
}

/** Milliseconds. */
const QUEUE_TIMEOUT = 1_000;

export function limitsOf({ maxConnections = Infinity, queue }: LimitOptions): PoolLimits {
  return { maxConnections, queueSize: queue?.size, queueTimeout: queue?.timeout ?? QUEUE_TIMEOUT };
}

/** To be spread into the schema of a pool. */
export const limitShape = () => ({
  maxConnections: z
    .int()
    .min(1)
    .optional()
    .describe('The most sessions that all servers together have at one time. Default: no limit.'),
  queue: z
    .strictObject({
      size: z
        .int()
        .min(0)
        .optional()
        .describe('How many sessions wait for room at most. Default: four times as many as the servers may have.'),
      timeout: duration().prefault('1s').describe('How long a session waits for room; then it gets a 503.'),
    })
    .prefault({})
    .describe('Sessions that wait while all servers have as many as they may have, in the order in which they came.'),
});
