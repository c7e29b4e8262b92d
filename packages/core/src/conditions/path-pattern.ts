import { type Glob, globOf } from './glob.ts';
import { escapePath, normalisePath } from './normalise-path.ts';

/** What a path must begin with, or be as a whole. */
export interface PathPattern {
  /** What it begins with: all of it, or what stands before the first star. */
  readonly prefix: string;
  /** For the whole path. Undefined where the prefix says everything. */
  readonly glob: Glob | undefined;
}

export interface PathProblem {
  readonly problem: string;
}

/** `path` is normalised. */
export function matchesPath({ prefix, glob }: PathPattern, path: string): boolean {
  return glob === undefined ? path.startsWith(prefix) : glob(path);
}

/**
 * Reads what a rule or a route has for paths and normalises it as {@link normalisePath} does, or says what is wrong with it and
 * what to write instead. Characters that are not ASCII stand for the escapes of their UTF-8 bytes. With a `*`, which stands for any
 * characters, it is for the whole path, else for its beginning. `foldsCase`: for comparison with paths in lower case.
 */
export function readPathPattern(path: string, foldsCase = false): PathPattern | PathProblem {
  const read = readNormalised(path);
  if (typeof read !== 'string') return read;
  const parts = (foldsCase ? read.toLowerCase() : read).split(/\*+/);
  const [prefix = '', ...others] = parts;
  const isPrefix = others.length === 0 || (others.length === 1 && others[0] === '');
  return { prefix, glob: isPrefix ? undefined : globOf(parts) };
}

function readNormalised(path: string): string | PathProblem {
  const isFree = path.startsWith('*');
  if (!(path.startsWith('/') || isFree) || /[?#]/.test(path)) {
    return { problem: `"${path}" must begin with a slash and have no query.` };
  }
  if (path.includes('\\')) return { problem: `"${path}" holds a "\\"; write "/", or "%5C" if that is what is meant.` };
  // A star at the beginning may stand for a slash, too.
  const bytes = Buffer.from(isFree ? `/${path}` : path, 'utf8').toString('latin1');
  const escaped = escapePath(bytes).replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => escape.toUpperCase());
  const normalised = normalisePath(bytes);
  const written = (text: string): string => text.slice(isFree ? 1 : 0);
  const remedy = `write "${written(normalised.replaceAll(/\/{2,}/g, '/'))}"`;
  if (normalised !== escaped) {
    return {
      problem: `"${path}" is never compared: escapes of plain characters are decoded and dot segments removed before; ${remedy}.`,
    };
  }
  if (normalised.includes('//')) {
    return { problem: `"${path}" has repeated slashes, with which no ordinary path begins; ${remedy}.` };
  }
  return written(normalised);
}
