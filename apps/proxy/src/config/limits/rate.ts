import { lazily, typeNames } from '@inband/chainers';
import type { Rate } from '@inband/core';
import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Largest number in a rate, and largest burst. */
const MOST = 1_000_000;

/** Seconds of the rate that may come at once where no burst is written. */
const USUAL_BURST = 10;

/** Times in a second, a minute or an hour as they are written: `100/s`, `50/m`, `1000/h`. */
export type WrittenRate = `${number}/${'s' | 'm' | 'h'}`;

const RATE = /^([1-9]\d{0,6})\/([smh])$/;
const RATE_EXPECTED = `expected a rate from 1/h to ${MOST}/s: a whole number for a second, a minute or an hour, such as 100/s, 50/m or 1000/h`;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the pattern is more than the type can say: no fractions, no signs
const written = z
  .string()
  .regex(RATE, { error: RATE_EXPECTED })
  .refine((text) => Number.parseInt(text, 10) <= MOST, RATE_EXPECTED)
  .register(typeNames, { name: 'WrittenRate' }) as z.ZodType<string, WrittenRate>;

const withBurst = lazily(() =>
  z.strictObject({
    rate: written.describe('How many in a second, a minute or an hour: 100/s, 50/m, 1000/h.'),
    burst: z
      .int()
      .min(1)
      .max(MOST)
      .optional()
      .describe('How many may come at once after a pause. Default: as many as in ten seconds.'),
  }),
);

/** How often something may happen: `100/s`, or a mapping with a burst. */
export const rate = lazily(() =>
  z
    .union([written, withBurst], { error: `${RATE_EXPECTED}, or a mapping with "rate" and "burst"` })
    .transform((value): Rate => (typeof value === 'string' ? rateOf(value) : rateOf(value.rate, value.burst))),
);

function rateOf(text: string, burst?: number): Rate {
  const [, digits, unit = 's'] = RATE.exec(text) ?? [];
  const amount = Number(digits);
  const per = UNITS[unit] ?? 1_000;
  const usual = Math.ceil((amount * USUAL_BURST * 1_000) / per);
  return { amount, per, burst: burst ?? Math.min(MOST, usual) };
}
