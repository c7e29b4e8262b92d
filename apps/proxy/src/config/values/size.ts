import { typeNames } from '@inband/chainers';
import * as z from 'zod';

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes as they are written: `512B`, `8KiB`, `1MiB`, `2GiB`, or a whole number. */
export type Size = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`;

const SIZE = /^\d{1,15}(B|KiB|MiB|GiB)$/;
const SIZE_EXPECTED = 'expected a size such as 8KiB, 1MiB or a number of bytes';

/** The size that was probably meant by `10MB`, `10 mb` or `10m`, in valid units. Undefined if that is unclear. */
export function nearestSize(written: string): string | undefined {
  const [, digits, letter] = /^\s*(\d{1,15})\s*([kmg]?)i?b?(?:ytes?)?\s*$/i.exec(written) ?? [];
  if (digits === undefined) return undefined;
  return letter === undefined || letter === '' ? `${digits}B` : `${digits}${letter.toUpperCase()}iB`;
}

function sizeError(written: unknown): string {
  const nearest = typeof written === 'string' ? nearestSize(written) : undefined;
  if (nearest === undefined) return SIZE_EXPECTED;
  return `${SIZE_EXPECTED}, found ${JSON.stringify(written)}; did you mean "${nearest}"?`;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the pattern is more than the type can say: no fractions, no signs
const writtenSize = z.string().regex(SIZE, { error: ({ input }) => sizeError(input) }) as z.ZodType<
  string,
  Extract<Size, string>
>;

/** Bytes: a whole number, or one with a unit: `512B`, `8KiB`, `1MiB`, `2GiB`. Its output is the number of bytes. */
export function size(minimum: number, maximum: number): z.ZodType<number, Size> {
  const message = `expected a size from ${formatSize(minimum)} to ${formatSize(maximum)}`;
  const written = z.union([z.int(), writtenSize], { error: SIZE_EXPECTED }).register(typeNames, { name: 'Size' });
  return written.transform((value, context) => {
    const bytes = typeof value === 'number' ? value : sizeOf(value);
    if (bytes < minimum || bytes > maximum) context.addIssue({ code: 'custom', message });
    return bytes;
  });
}

function sizeOf(written: string): number {
  const unit = /[A-Za-z]+$/.exec(written)?.[0] ?? 'B';
  return Number(written.slice(0, -unit.length)) * (SIZE_UNITS[unit] ?? 1);
}

/** A size in the largest unit that divides it: `8KiB`, `100B`. */
export function formatSize(bytes: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((name) => bytes > 0 && bytes % (SIZE_UNITS[name] ?? 1) === 0) ?? 'B';
  return `${bytes / (SIZE_UNITS[unit] ?? 1)}${unit}`;
}
