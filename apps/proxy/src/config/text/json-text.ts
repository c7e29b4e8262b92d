import { isWithinNesting } from './nesting.ts';

/**
 * The value of a text that is valid JSON and needs nothing else of its reader: no variable is replaced, and no key stands in an object
 * twice. Undefined for all others. It takes a twentieth of the time of a parser that knows places.
 */
export function plainJson(text: string): { readonly value: unknown } | undefined {
  // A variable may also be written with an escape.
  if (/\$|\\u/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Whoever parses it with places says where.
    if (!isWithinNesting(value)) return undefined;
    return keysIn(value) === keysWritten(text) ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/** Of valid JSON. */
function keysWritten(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/g)) if (colon !== undefined) count += 1;
  return count;
}

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const inner of Object.values(value)) count += keysIn(inner);
  return count;
}
