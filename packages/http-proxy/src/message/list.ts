import { COMMA, HTAB, SP } from './bytes.ts';

/**
 * Whether `holds` is true for every element of a comma-separated list, empty ones included. It is not called after the first element for
 * which it is false. Surrounding white space is no part of an element.
 */
export function everyElement(
  bytes: Buffer,
  start: number,
  end: number,
  holds: (start: number, end: number) => boolean,
): boolean {
  for (let at = start; ;) {
    let stop = at;
    while (stop < end && bytes[stop] !== COMMA) stop += 1;
    let from = at;
    let to = stop;
    while (from < to && (bytes[from] === SP || bytes[from] === HTAB)) from += 1;
    while (to > from && (bytes[to - 1] === SP || bytes[to - 1] === HTAB)) to -= 1;
    if (!holds(from, to)) return false;
    if (stop === end) return true;
    at = stop + 1;
  }
}

/**
 * Calls `element` with the position of every element of a comma-separated list without quoted strings (RFC 9110 section 5.6.1). Skips
 * surrounding white space and empty elements.
 */
export function forEachElement(
  bytes: Buffer,
  start: number,
  end: number,
  element: (start: number, end: number) => void,
): void {
  let at = start;
  while (at < end) {
    let stop = at;
    while (stop < end && bytes[stop] !== COMMA) stop += 1;
    let from = at;
    let to = stop;
    while (from < to && (bytes[from] === SP || bytes[from] === HTAB)) from += 1;
    while (to > from && (bytes[to - 1] === SP || bytes[to - 1] === HTAB)) to -= 1;
    if (to > from) element(from, to);
    at = stop + 1;
  }
}
