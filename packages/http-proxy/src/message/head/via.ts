import { ProxyError } from '@inband/core';
import { equalsLower, HTAB, SP } from '../bytes.ts';
import { forEachElement } from '../list.ts';
import { badRequest } from './faults.ts';

/** Hops that a `Via` may list before it is taken for a loop. */
const MAX_HOPS = 100;

/**
 * Refuses a request whose `Via` is `bytes[start..end)`, if that names this proxy or too many others. `pseudonym`: our own
 * name, in lower case bytes.
 */
export function checkVia(bytes: Buffer, start: number, end: number, pseudonym: Uint8Array): void {
  let hops = 0;
  forEachElement(bytes, start, end, (from, to) => {
    hops += 1;
    if (!receivedByIs(bytes, from, to, pseudonym)) return;
    throw new ProxyError('proxy_loop_detected', 'The request has passed this proxy before (its name is in Via).', {
      setting: 'http.via',
    });
  });
  if (hops > MAX_HOPS) throw badRequest(`The request has already passed ${hops} proxies.`);
}

/** Whether a `Via` element (`[name "/"] version RWS received-by [comment]`) was written by `pseudonym`. */
function receivedByIs(bytes: Buffer, start: number, end: number, pseudonym: Uint8Array): boolean {
  let at = start;
  while (at < end && bytes[at] !== SP && bytes[at] !== HTAB) at += 1;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
  let stop = at;
  while (stop < end && bytes[stop] !== SP && bytes[stop] !== HTAB) stop += 1;
  return equalsLower(bytes, at, stop, pseudonym);
}
