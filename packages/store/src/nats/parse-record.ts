import { StoreUnavailable } from '../base/errors.ts';

/** The members of a JSON object in which those named are whole or broken numbers. Throws a {@link StoreUnavailable} for anything else. */
export function parseRecord<Name extends string>(
  text: string,
  ...numbers: readonly Name[]
): Record<Name, number> & Record<string, unknown> {
  const parsed = parse(text);
  if (!hasNumbers(parsed, numbers))
    throw new StoreUnavailable('refused', 'Something else writes into the buckets of the store.');
  return parsed;
}

function hasNumbers<Name extends string>(
  parsed: unknown,
  numbers: readonly Name[],
): parsed is Record<Name, number> & Record<string, unknown> {
  if (typeof parsed !== 'object' || parsed === null) return false;
  const members = new Map<string, unknown>(Object.entries(parsed));
  return numbers.every((name) => typeof members.get(name) === 'number');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
