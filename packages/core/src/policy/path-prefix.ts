import { escapePath, normalisePath } from './normalise-path.ts';

export type PathPrefix = { readonly prefix: string } | { readonly problem: string };

/**
 * The prefix that a route's `path` stands for, in the form in which paths are compared; or what is wrong with it, with the
 * remedy. Characters that are not ASCII stand for their UTF-8, and those that must be escaped for their escape.
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
