import { normalisePath } from '@inband/core';
import { badRequest } from '../message/head/faults.ts';
import type { RouteRewrite } from './route-rewrite.ts';

/** A segment that some servers read as a dot segment, because they take an escaped or reversed slash for one, or cut off what follows a ";". */
const HIDDEN_DOTS = /(?:^|\/|%2F|%5C)\.\.?(?:$|\/|;|%2F|%5C|%3B)/i;

/**
 * Path and query as the server sees them. `written`: as the client wrote them, a character for each byte. The path is normalised first, as
 * routes compare it, so that nothing leads out of the prefix. Throws a `ProxyError` for a path that would, as some servers read it.
 */
export function rewritePath(written: string, { from, to }: NonNullable<RouteRewrite['path']>, setting: string): string {
  const query = written.indexOf('?');
  const path = normalisePath(written.startsWith('/') ? written : `/${written}`);
  if (!path.startsWith(from)) throw new Error(`The path does not begin with ${from}, and has a route that says so.`);
  const rest = path.slice(from.length);
  const rewritten = to + rest;
  const isOther = rewritten !== normalisePath(rewritten) || (rewritten.startsWith('//') && !to.startsWith('//'));
  if (isOther || HIDDEN_DOTS.test(decodedAgain(rest))) {
    throw badRequest('The path cannot be rewritten, because some servers would read another one in it.', { setting });
  }
  return query < 0 ? rewritten : rewritten + written.slice(query);
}

/** As it is for servers that decode several times, as far as dots and what is around them are concerned. */
function decodedAgain(path: string): string {
  return path.replaceAll(/%(?:25)+/g, '%').replaceAll(/%2e/gi, '.');
}
