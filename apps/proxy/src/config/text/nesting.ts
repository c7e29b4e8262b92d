/**
 * Mappings and lists within each other, at most, in a text that is read as a configuration, or in a change of one. A configuration has about a dozen. Parsers, and
 * whatever walks through a value, take time and stack by it.
 */
export const MOST_NESTING = 100;

/** For a message, behind what is nested. */
export const TOO_NESTED = `mappings and lists are nested more than ${MOST_NESTING} deep`;

/** Whether a value of plain data is within the bound. Looks no deeper than that. */
export function isWithinNesting(value: unknown, most = MOST_NESTING): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return most > 0 && Object.values(value).every((inner) => isWithinNesting(inner, most - 1));
}
