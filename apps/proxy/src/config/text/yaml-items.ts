/** What stands before an item of a list that is in quotes or brackets. */
const BEFORE_ITEM = /^ *(?:- +)+(?=["'[{])/gm;

/** Behind an item: the end of its line, a comment, or the colon of a key. */
const BEHIND_ITEM = /(?: *(?:\r?\n|$)| +#| *:(?=[ \r\n]|$))/y;

const QUOTED = /"[^"]*"|'(?:[^']|'')*'/y;

/** In brackets, up to what matters there. */
const PLAIN = /[^[\]{}"'#]+/y;

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

/**
 * Whether nothing but a comment or the colon of a key stands behind the items of lists that are in quotes or brackets, over however many lines they
 * go. Anything else there is not valid, and `js-yaml` makes a key of the mapping around of it. Also false where that is hard to tell. `text` has no
 * escapes.
 */
export function endsItems(text: string): boolean {
  for (const { 0: before, index } of text.matchAll(BEFORE_ITEM)) {
    const end = endOfItem(text, index + before.length);
    if (end === undefined || matchAt(BEHIND_ITEM, text, end) === undefined) return false;
  }
  return true;
}

function endOfItem(text: string, start: number): number | undefined {
  const isQuoted = text[start] === '"' || text[start] === "'";
  return isQuoted ? matchAt(QUOTED, text, start) : endOfBrackets(text, start);
}

/** Undefined if they do not match, or if a quote in them may be a part of a word. */
function endOfBrackets(text: string, start: number): number | undefined {
  const open: string[] = [];
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"' || character === "'") {
      const end = beginsHere(text, at) ? matchAt(QUOTED, text, at) : undefined;
      if (end === undefined) return undefined;
      at = end;
    } else if (character === '#' && /\s/.test(text.charAt(at - 1))) {
      const end = text.indexOf('\n', at);
      if (end === -1) return undefined;
      at = end;
    } else if (character === ']' || character === '}') {
      if (CLOSING[open.pop() ?? ''] !== character) return undefined;
      at += 1;
      if (open.length === 0) return at;
    } else if (character === '[' || character === '{') {
      open.push(character);
      at += 1;
    } else at = matchAt(PLAIN, text, at) ?? at + 1;
  }
  return undefined;
}

/** Whether a text in quotes begins here, and no quote within a word: behind a bracket, a comma, or a colon and white space. */
function beginsHere(text: string, at: number): boolean {
  let before = at - 1;
  while (/\s/.test(text.charAt(before))) before -= 1;
  const character = text.charAt(before);
  return character === ':' ? before < at - 1 : '[{,'.includes(character);
}

/** The end of what matches at a place. */
function matchAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
