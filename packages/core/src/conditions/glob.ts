/** A pattern in which `*` stands for any characters, compiled. */
export type Glob = (text: string) => boolean;

/** What is wrong with a pattern. */
export interface GlobProblem {
  readonly problem: string;
}

/**
 * Compiles a pattern that a whole text must match: `*` stands for any characters, also for none; `\*` for a star, `\\` for a backslash. Its
 * characters that are not ASCII stand for their UTF-8 bytes, because texts of messages have a character for each byte.
 *
 * A match goes through the text once for each part between two stars, whatever the text is: nothing is tried again.
 */
export function compileGlob(pattern: string): Glob | GlobProblem {
  const parts = partsOf(Buffer.from(pattern, 'utf8').toString('latin1'));
  return parts === undefined
    ? { problem: `"${pattern}" has a "\\" that stands before neither "*" nor "\\"; write "\\\\" for one.` }
    : globOf(parts);
}

/** What stands between the stars of a pattern without escapes. */
export function globOf(parts: readonly string[]): Glob {
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return (text) => text === first;
  const shortest = first.length + last.length;
  return (text) => {
    if (text.length < shortest || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of others) {
      const found = text.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** Undefined if a backslash escapes nothing. */
function partsOf(pattern: string): string[] | undefined {
  const parts = [''];
  for (const [token] of pattern.matchAll(/\\.?|\*|[^\\*]+/gs)) {
    if (token === '*') parts.push('');
    else if (!token.startsWith('\\')) parts.push((parts.pop() ?? '') + token);
    else if (token === '\\*' || token === '\\\\') parts.push((parts.pop() ?? '') + token.charAt(1));
    else return undefined;
  }
  return parts;
}
