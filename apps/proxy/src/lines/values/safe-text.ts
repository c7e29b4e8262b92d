/** Characters that could end a line, control or deceive a terminal, or reorder the text of a line. */
// oxlint-disable-next-line no-control-regex -- controls are what this is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Everything but the printable characters of ASCII, without those that delimit a word: space, quote and backslash. */
const NO_WORD = /[^!#-[\]-~]/g;

/** What stands where a value is unknown or empty. */
export const UNKNOWN = '-';

/** Text of a client as one word of ASCII. Other characters are escaped as nginx does: `\x20`; beyond U+00FF as `\u20ac`. */
export function safeWord(text: string | undefined): string {
  return text === undefined || text === '' ? UNKNOWN : text.replaceAll(NO_WORD, escaped);
}

/** Text of several words, without characters that could break the line. */
export function safeSentence(text: string): string {
  return text.replaceAll(UNSAFE, escaped);
}

/** The same, where lines may follow each other. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeSentence).join('\n');
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
