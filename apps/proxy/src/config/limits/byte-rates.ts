import { duration, lazily, typeNames } from '@inband/chainers';
import type { Bandwidth, DailyBytes, ServiceBytes } from '@inband/core';
import * as z from 'zod';
import { nearestSize } from '../values/size.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes in a second as they are written: `20MiB/s`. */
export type WrittenByteRate = `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}/s`;

/** Bytes in a day as they are written: `50GiB/day`. */
export type WrittenQuota = `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}/day`;

const RATE = /^[1-9]\d{0,11}(?:B|[KMG]iB)\/s$/;
const QUOTA = /^[1-9]\d{0,11}(?:B|[KMG]iB)\/day$/;

/** What one read may bring (256 KiB) then takes 16 seconds. After a much longer stall clients give up. */
const LEAST_BANDWIDTH = 2 ** 14;
const MOST_BANDWIDTH = 2 ** 40;
const MOST_MINIMUM = 2 ** 30;
/** More in a day is not counted exactly. */
const MOST_QUOTA = 2 ** 50;

function bytesOf(written: string): number {
  const [, digits, unit = 'B'] = /^(\d+)([A-Za-z]+)/.exec(written) ?? [];
  return Number(digits) * (UNITS[unit] ?? 1);
}

const BANDWIDTH_EXPECTED = 'expected bytes per second from 16KiB/s to 1024GiB/s, such as 512KiB/s or 20MiB/s';
const MINIMUM_EXPECTED = 'expected bytes per second from 1B/s to 1GiB/s, such as 500B/s or 1KiB/s';
const QUOTA_EXPECTED = 'expected bytes in a day up to 1048576GiB/day, such as 500MiB/day or 50GiB/day';

interface BytesPer {
  readonly least: number;
  readonly most: number;
  /** Of the type of its texts. */
  readonly name: string;
  readonly expected: string;
}

/** What is expected, and what was probably meant by `20MB/s` or `20MiB`, if that is clear. `per`: how the text ends. */
function wrongBytes(written: unknown, expected: string, per: string): string {
  const size = typeof written === 'string' ? nearestSize(written.replace(/\/(?:s|sec|second|d|day)$/, '')) : undefined;
  if (size === undefined) return expected;
  return `${expected}, found ${JSON.stringify(written)}; did you mean "${size}${per}"?`;
}

function bytesPer(pattern: RegExp, { least, most, name, expected }: BytesPer): z.ZodString {
  const per = pattern === QUOTA ? '/day' : '/s';
  return z
    .string()
    .regex(pattern, { error: ({ input }) => wrongBytes(input, expected, per) })
    .refine((text) => !pattern.test(text) || (bytesOf(text) >= least && bytesOf(text) <= most), expected)
    .register(typeNames, { name });
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the pattern is more than the type can say: no fractions, no signs
const byteRate = bytesPer(RATE, {
  least: LEAST_BANDWIDTH,
  most: MOST_BANDWIDTH,
  name: 'WrittenByteRate',
  expected: BANDWIDTH_EXPECTED,
}) as z.ZodType<string, WrittenByteRate>;

function rateOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : bytesOf(text);
}

/** Bytes per second, the same each way or one for each: `20MiB/s`, or a mapping with `in` and `out`. */
export const bandwidth = lazily(() =>
  z
    .union(
      [
        byteRate,
        z.strictObject({
          in: byteRate.optional().describe('Bytes per second from clients.'),
          out: byteRate.optional().describe('Bytes per second to clients.'),
        }),
      ],
      { error: `${BANDWIDTH_EXPECTED}, or a mapping with "in" and "out"` },
    )
    .transform((value): Bandwidth => {
      if (typeof value === 'string') return { in: bytesOf(value), out: bytesOf(value) };
      return { in: rateOf(value.in), out: rateOf(value.out) };
    }),
);

function writtenQuota() {
  const values = { least: 1, most: MOST_QUOTA, name: 'WrittenQuota', expected: QUOTA_EXPECTED };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return bytesPer(QUOTA, values) as z.ZodType<string, WrittenQuota>;
}

/** Bytes in a day: `50GiB/day`, or a mapping with `bytes` and `soft`. */
export const quota = lazily(() =>
  z
    .union(
      [
        writtenQuota(),
        z.strictObject({
          bytes: writtenQuota().describe('Bytes in a day.'),
          soft: z
            .boolean()
            .default(false)
            .describe(
              'Whether bytes pass while what others have used is not known, because the store is away. They are counted afterwards.',
            ),
        }),
      ],
      { error: `${QUOTA_EXPECTED}, or a mapping with "bytes" and "soft"` },
    )
    .transform((value): DailyBytes => {
      if (typeof value === 'string') return { bytes: bytesOf(value), written: value };
      return { bytes: bytesOf(value.bytes), written: value.bytes, soft: value.soft };
    }),
);

function writtenMinimum() {
  const values = { least: 1, most: MOST_MINIMUM, name: 'WrittenByteRate', expected: MINIMUM_EXPECTED };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return bytesPer(RATE, values) as z.ZodType<string, WrittenByteRate>;
}

/** How fast a client must be at least: `1KiB/s`. */
const leastRate = lazily(() => writtenMinimum().transform((text) => ({ rate: bytesOf(text), written: text })));

/** Milliseconds. */
const USUAL_GRACE = 10_000;

/** How fast clients must send and take bodies: `1KiB/s`, or a mapping with `request`, `response` and `grace`. */
export const minimumRate = lazily(() =>
  z
    .union(
      [
        leastRate,
        z.strictObject({
          request: leastRate.optional().describe('Bytes per second of a request body.'),
          response: leastRate.optional().describe('Bytes per second at which a client takes the body of an answer.'),
          grace: duration({ minimum: 1_000 })
            .default(USUAL_GRACE)
            .describe('The time over which the rate is measured, so that a short stall is no fault.'),
        }),
      ],
      { error: `${MINIMUM_EXPECTED}, or a mapping with "request", "response" and "grace"` },
    )
    .transform((value): ServiceBytes['minimumRate'] => {
      if ('written' in value) {
        const both = { ...value, grace: USUAL_GRACE };
        return { request: both, response: both };
      }
      const { request, response, grace } = value;
      return { request: request && { ...request, grace }, response: response && { ...response, grace } };
    }),
);
