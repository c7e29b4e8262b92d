import { z } from 'zod';
import { typeNames } from './type-names.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const DURATION = /^(0|[1-9][0-9]*)(ms|s|m|h)$/;

/** The longest timeout of Node's timers in milliseconds (about 24 days). */
export const MAX_DURATION = 2 ** 31 - 1;

/** Milliseconds of `500ms`, `10s`, `5m` or `2h`; undefined when the text is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  return digits === undefined || unit === undefined ? undefined : Number(digits) * UNITS[unit]!;
}

/** A duration as it is written: `500ms`, `10s`, `5m`, `2h`, or a whole number of milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

export interface DurationLimits {
  /** Least milliseconds. Default 1, because a timeout of 0 always expires. */
  readonly minimum?: number;
}

const expected = 'expected a duration: 500ms, 10s, 5m, 2h, or a whole number of milliseconds';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the pattern is more than the type can say: no fractions, no signs
const writtenDuration = z.string().regex(DURATION, { error: expected }) as z.ZodType<string, Extract<Duration, string>>;

const milliseconds = z
  .union([z.int(), writtenDuration], { error: expected })
  .register(typeNames, { name: 'Duration' })
  .transform((value) => (typeof value === 'number' ? value : parseDuration(value)!));

/** By their minimum, because a configuration has dozens of them, and a start waits for each that is made. */
const made = new Map<number, z.ZodType<number, Duration>>();

/** A zod type for durations in a configuration, the same one for the same limits. Its output is a whole number of milliseconds. */
export function duration({ minimum = 1 }: DurationLimits = {}): z.ZodType<number, Duration> {
  const known = made.get(minimum);
  if (known !== undefined) return known;
  const range = `expected a duration from ${minimum}ms to ${MAX_DURATION}ms`;
  const type = milliseconds.refine((value) => value >= minimum && value <= MAX_DURATION, { error: range });
  made.set(minimum, type);
  return type;
}
