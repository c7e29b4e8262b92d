/** A syntax error in JSON. */
export interface JsonFault {
  /** In UTF-16 code units from the start of the text. */
  readonly offset: number;
  readonly message: string;
}

/** The first syntax error of a text as JSON (RFC 8259), with how to correct it; undefined if there is none. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = offsetIn(message, text);
    return { offset, message: remedy(text, offset) ?? `this is not valid JSON: ${withoutPlace(message)}.` };
  }
}

function offsetIn(message: string, text: string): number {
  if (message === END_OF_INPUT) return text.length;
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? longestValidStart(text) : Number(position);
}

const END_OF_INPUT = 'Unexpected end of JSON input';

/**
 * Finds the place of an error, because V8 does not always report it. It is the end of the longest prefix that could be continued to
 * valid JSON: in such a prefix, V8 finds nothing wrong but its end.
 */
function longestValidStart(text: string): number {
  let valid = 0;
  let faulty = text.length;
  while (faulty - valid > 1) {
    const middle = (valid + faulty) >> 1;
    if (couldGoOn(text.slice(0, middle))) valid = middle;
    else faulty = middle;
  }
  return valid;
}

function couldGoOn(start: string): boolean {
  try {
    JSON.parse(start);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return message === END_OF_INPUT || Number(/at position (\d+)/.exec(message)?.[1] ?? -1) === start.length;
  }
}

/** Without the place, which the line and column of the message say already. */
function withoutPlace(message: string): string {
  return message.replace(/ in JSON at position \d+.*$/s, '').replace(/, (?:\.\.\.)?".*is not valid JSON$/s, '');
}

function remedy(text: string, offset: number): string | undefined {
  if (/^(?:\/\/|\/\*|#)/.test(text.slice(offset, offset + 2))) {
    return 'JSON has no comments; delete it, or give the file a name that ends in .yaml, where "#" begins a comment.';
  }
  const isClosing = text[offset] === '}' || text[offset] === ']';
  if (isClosing && /,\s*$/.test(text.slice(0, offset))) return 'JSON has no comma behind the last item; delete it.';
  if (text[offset] === "'") return 'JSON has double quotes only.';
  return undefined;
}
