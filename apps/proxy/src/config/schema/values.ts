import { typeNames } from '@inband/chainers';
import * as z from 'zod';
export { oneOrMore } from '../conditions/one-or-more.ts';
import { bindProblem, parseBind, parseSockAddr } from './bind.ts';

export type { WrittenRate } from '../limits/rate.ts';

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes as they are written: `512B`, `8KiB`, `1MiB`, `2GiB`, or a whole number. */
export type Size = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`;

const SIZE = /^\d{1,15}(B|KiB|MiB|GiB)$/;
const SIZE_EXPECTED = 'expected a size such as 8KiB, 1MiB or a number of bytes';

/** The size that was probably meant by `10MB`, `10 mb` or `10m`, in valid units. Undefined if that is unclear. */
function nearestSize(written: string): string | undefined {
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

export const port = z.int().min(1).max(65_535);

const PORTS_EXPECTED = 'expected a port from 1 to 65535 or a range such as "8000-8099"';

/** `80`, `"80"` or `"8000-8099"`. Its output is the same. */
export const ports = z
  .union([port, z.string().regex(/^[1-9]\d{0,4}(-[1-9]\d{0,4})?$/, { error: PORTS_EXPECTED })], {
    error: PORTS_EXPECTED,
  })
  .refine((written) => {
    const [from = 0, to = from] = String(written).split('-').map(Number);
    return from <= to && to <= 65_535;
  }, PORTS_EXPECTED);

const BIND_EXPECTED =
  'expected an address to listen on: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path" or "unix:@name"';

/** An address to listen on. Its output is the address. */
export const bind = z.string({ error: BIND_EXPECTED }).transform((written, context) => {
  const address = parseSockAddr(written);
  if (address !== undefined) return address;
  context.addIssue({ code: 'custom', message: bindProblem(written) ?? BIND_EXPECTED });
  return z.NEVER;
});

const LISTENER_BIND_EXPECTED = BIND_EXPECTED.replace(' or "unix:@name"', ', "unix:@name" or "systemd:name"');

/** Where a listener accepts: an address, or a socket of systemd. */
export const listenerBind = z.string({ error: LISTENER_BIND_EXPECTED }).transform((written, context) => {
  const parsed = parseBind(written);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: bindProblem(written) ?? LISTENER_BIND_EXPECTED });
  return z.NEVER;
});

/** The mode of a file as for chmod: `"0660"`. Its output is the number. */
export const fileMode = z
  .string({ error: 'expected the mode of a file in quotes: "0660"' })
  .regex(/^0?[0-7]{3}$/, { error: 'expected the mode of a file as three octal digits, in quotes: "0660"' })
  .transform((written) => Number.parseInt(written, 8));

/** A user or a group: its name, or its number. */
export const account = z.union([z.int().min(0).max(4_294_967_294), z.string().min(1)], {
  error: 'expected the name of a user or group, or its number',
});
