import { forEachElement } from './list.ts';
import { sameIgnoringCase } from './octets.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** Whether a 101 names one protocol, and the request asked for that one (RFC 9110 section 7.8). */
export function switchesAsAsked(request: RequestHead, response: ResponseHead): boolean {
  if (request.upgradeIndex < 0 || response.upgradeIndex < 0) return false;
  const [start, end] = response.valueRange(response.upgradeIndex);
  const [askedStart, askedEnd] = request.valueRange(request.upgradeIndex);
  let asked = false;
  let offered = 0;
  forEachElement(response.buffer, start, end, (from, to) => {
    offered += 1;
    forEachElement(request.buffer, askedStart, askedEnd, (askedFrom, askedTo) => {
      if (sameIgnoringCase(response.buffer, from, to, request.buffer, askedFrom, askedTo)) asked = true;
    });
  });
  return asked && offered === 1;
}
