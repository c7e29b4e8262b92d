import { isDeepStrictEqual, inspect } from 'node:util';

/** Throws unless both are equal. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: ${show(actual)}\n  is not ${show(expected)}`);
}

export function expectTrue(what: string, holds: boolean): void {
  if (!holds) throw new Error(what);
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160, maxStringLength: 400 });
}

/** Bytes as one can read and paste them. */
export function asText(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}
