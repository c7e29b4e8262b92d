/**
 * Characters that JSON allows and that could deceive a terminal or a reader of lines: DEL and C1 controls, line and
 * paragraph separators, characters that reorder or hide text. They occur only in JSON strings, where an escape is equal.
 */
// oxlint-disable-next-line no-control-regex -- controls are what this is about
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const BEYOND_ASCII = /[\u007f-\uffff]/;

/** Escapes these characters in JSON text. */
export function escapeUnsafe(json: string): string {
  // Most lines are ASCII only, and this test is fast.
  if (!BEYOND_ASCII.test(json)) return json;
  return json.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
