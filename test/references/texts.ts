/** A piece of prose that may refer to something: a comment, or a line of a page. */
export interface Prose {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  readonly text: string;
}

/** A comment at the beginning of a line, or behind code and a space. */
const COMMENT = /(?<=^[ \t]*)\/\*[^]*?\*\/|(?<=^|[ \t])\/\/ .*$/gm;

/** The comments of a source, lines of `//` below each other as one. */
export function commentsOf(file: string, source: string): Prose[] {
  const comments: Prose[] = [];
  let end = -1;
  for (const { 0: text, index } of source.matchAll(COMMENT)) {
    const last = comments.at(-1);
    const isAlone = text.startsWith('//') && /(^|\n)[ \t]*$/.test(source.slice(0, index));
    const goesOn = last !== undefined && isAlone && /^[ \t]*\n[ \t]*$/.test(source.slice(end, index));
    if (goesOn) comments[comments.length - 1] = { ...last, text: `${last.text}\n${plain(text)}` };
    else comments.push({ file, line: source.slice(0, index).split('\n').length, text: plain(text) });
    end = isAlone ? index + text.length : -1;
  }
  return comments;
}

/** Without the asterisks and slashes that make it a comment. */
function plain(comment: string): string {
  return comment.replaceAll(/^\s*(\/\/|\/\*\*?|\*(?!\/))\s?|\s*\*\/$/gm, '');
}

/** A source without its comments. */
export function codeOf(source: string): string {
  return source.replaceAll(COMMENT, '');
}

/** The paragraphs of a page, without its blocks of code. */
export function paragraphsOf(file: string, page: string): Prose[] {
  const prose = page.replaceAll(/^```[^]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ''));
  let line = 1;
  return prose.split(/\n(?=\s*\n|[|#*-]|\d+\.)/).map((text) => {
    const at = line;
    line += text.split('\n').length;
    return { file, line: at, text };
  });
}
