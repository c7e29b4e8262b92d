import { MOST_NESTING } from './nesting.ts';

/**
 * The value of a text that is valid JSON and needs nothing else of its reader: no variable is replaced, and no key stands in an object
 * twice. Undefined for all others. It takes a twentieth of the time of a parser that knows places.
 */
export function plainJson(text: string): { readonly value: unknown } | undefined {
  // A variable may also be written with an escape.
  if (/\$|\\u/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Whoever parses it with places says where it is nested too deep, or has a key twice.
    return keysIn(value, MOST_NESTING) === keysWritten(text) ? { value } : undefined;
  } catch {
    return undefined;
  }
}

const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Of valid JSON: the texts before a colon. Without a pattern, because each match of one is a list. */
function keysWritten(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at)) {
    at = endOfText(text, at + 1) + 1;
    while (isWhitespace(text.charCodeAt(at))) at += 1;
    if (text.charCodeAt(at) === COLON) count += 1;
  }
  return count;
}

/** The index of the quote that ends a text which begins at `start`. */
export function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - backslashes - 1) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** `most`: mappings and lists within each other; NaN if there are more. */
function keysIn(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (most === 0) return Number.NaN;
  const inside: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = inside === value ? 0 : inside.length;
  for (const inner of inside) count += keysIn(inner, most - 1);
  return count;
}
