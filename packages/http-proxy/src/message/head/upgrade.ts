import { forEachElement } from '../list.ts';
import { COMMA, sameIgnoringCase } from '../bytes.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** Whether a 101 names one protocol, and the request asked for that one (RFC 9110 section 7.8). */
export function switchesAsAsked(request: RequestHead, response: ResponseHead): boolean {
  if (request.upgradeIndex < 0 || response.upgradeIndex < 0) return false;
  const start = response.valueStart(response.upgradeIndex);
  const end = response.valueEnd(response.upgradeIndex);
  for (let i = start; i < end; i++) if (response.buffer[i] === COMMA) return false;
  const askedStart = request.valueStart(request.upgradeIndex);
  const askedEnd = request.valueEnd(request.upgradeIndex);
  let asked = false;
  forEachElement(request.buffer, askedStart, askedEnd, (from, to) => {
    if (sameIgnoringCase(response.buffer, start, end, request.buffer, from, to)) asked = true;
  });
  return asked;
}
