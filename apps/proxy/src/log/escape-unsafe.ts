/**
 * What JSON lets through and a terminal or a reader of lines might not: DEL and C1 controls, line and paragraph
 * separators, marks that reorder or hide text. They only stand inside JSON strings, where an escape means the same.
 */
// oxlint-disable-next-line no-control-regex -- controls are what this is about
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const BEYOND_ASCII = /[\u007f-\uffff]/;

/** `json` with escapes for these. */
export function escapeUnsafe(json: string): string {
  // Nearly always there is nothing beyond ASCII, and that is quickly seen.
  if (!BEYOND_ASCII.test(json)) return json;
  return json.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
