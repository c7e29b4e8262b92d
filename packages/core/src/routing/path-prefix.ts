import { escapePath, normalisePath } from './normalise-path.ts';

export type PathPrefix = { readonly prefix: string } | { readonly problem: string };

/**
 * Reads the prefix in a route's `path` and normalises it as {@link normalisePath} does, or says what is wrong with it and
 * what to write instead. Characters that are not ASCII stand for the escapes of their UTF-8 bytes.
 */
export function readPathPrefix(path: string): PathPrefix {
  if (!path.startsWith('/') || /[?#]/.test(path)) {
    return { problem: `"${path}" must begin with a slash and have no query.` };
  }
  if (path.includes('*')) {
    const remedy = `write "${path.slice(0, path.indexOf('*'))}"`;
    return {
      problem: `"${path}" has a wildcard, but this is what paths begin with, character by character; ${remedy}.`,
    };
  }
  if (path.includes('\\')) return { problem: `"${path}" holds a "\\"; write "/", or "%5C" if that is what is meant.` };
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  const escaped = escapePath(bytes).replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => escape.toUpperCase());
  const prefix = normalisePath(bytes);
  const remedy = `write "${prefix.replaceAll(/\/{2,}/g, '/')}"`;
  if (prefix !== escaped) {
    return {
      problem: `"${path}" is never compared: escapes of plain characters are decoded and dot segments removed before; ${remedy}.`,
    };
  }
  if (prefix.includes('//')) {
    return { problem: `"${path}" has repeated slashes, with which no ordinary path begins; ${remedy}.` };
  }
  return { prefix };
}
