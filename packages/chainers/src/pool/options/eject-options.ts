import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { duration } from '../../options/duration.ts';
import { DEFAULT_EJECTION, type EjectionOptions } from '../health/ejection.ts';

/** When passive checks take a server out. */
export interface EjectOptions extends Partial<EjectionOptions> {
  /** Statuses that count as failures, where the server has answered with them. Default: none. */
  readonly failOn?: readonly number[] | undefined;
}

export const eject = lazily(() =>
  z.strictObject({
    consecutive: z.int().min(1).default(DEFAULT_EJECTION.consecutive).describe('Failures in a row.'),
    ratio: z
      .number()
      .positive()
      .max(1)
      .default(DEFAULT_EJECTION.ratio)
      .describe('The part of the sessions of ten seconds that failed, where there were enough of them.'),
    least: z
      .int()
      .min(1)
      .default(DEFAULT_EJECTION.least)
      .describe('Sessions in ten seconds that are enough for ratio.'),
    failOn: z
      .array(z.int().min(400).max(599))
      .default([])
      .describe('Statuses of answers that count as failures, for example 502, 503 and 504.'),
    first: duration({ minimum: 1 }).prefault('10s').describe('How long it is out the first time; then twice as long.'),
    longest: duration({ minimum: 1 }).prefault('5m').describe('How long it is out at most.'),
  }),
)
  .prefault({})
  .describe('When a server that fails is taken out, by what happens to its sessions.');
