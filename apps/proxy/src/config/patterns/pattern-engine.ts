import type { CompilePattern, Pattern } from '@inband/core';
import type { RE2JS } from 're2js';

/** The most instructions of a compiled pattern. Each may be looked at for each character of a text. */
const MOST_INSTRUCTIONS = 2_000;

/**
 * The most matches times characters. Each match is linear, and looks perhaps at the whole rest of the text: `x(.*y)?` would be quadratic in a
 * text of many x.
 */
const MOST_WORK = 2 ** 21;

/** A pattern that cannot be used. `message` says why, as the end of a sentence. */
export class PatternProblem extends Error {}

/** Patterns in the syntax of RE2, by a port of it: it has no backtracking. */
export function patternEngine(engine: typeof RE2JS): CompilePattern {
  const known = new Map<string, Pattern>();
  return (source) => {
    let pattern = known.get(source);
    if (pattern === undefined) known.set(source, (pattern = compile(engine, source)));
    return pattern;
  };
}

function compile(engine: typeof RE2JS, source: string): Pattern {
  const compiled = read(engine, source);
  const size = compiled.programSize();
  if (size > MOST_INSTRUCTIONS) {
    throw new PatternProblem(`it is too large: ${size} steps, and at most ${MOST_INSTRUCTIONS} are allowed`);
  }
  const groups = compiled.groupCount();
  return {
    groups,
    test: (text) => compiled.test(text),
    replace(text, replacement) {
      const matcher = compiled.matcher(text);
      let replaced = '';
      let at = 0;
      let count = 0;
      while (matcher.find()) {
        count += 1;
        if (count * text.length > MOST_WORK) throw new RangeError('It matches too often in a long text.');
        const found = Array.from({ length: groups + 1 }, (_, group) => matcher.group(group) ?? '');
        replaced += text.slice(at, matcher.start()) + replacement(found);
        at = matcher.end();
      }
      return count === 0 ? undefined : replaced + text.slice(at);
    },
  };
}

function read(engine: typeof RE2JS, source: string): RE2JS {
  try {
    return engine.compile(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PatternProblem(why.replace(/^error parsing regexp: /, ''));
  }
}
