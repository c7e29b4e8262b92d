import type { Verdict } from '@inband/core';

/** Values of labels, each a closed set. */

export const VERDICTS: readonly Verdict[] = ['accepted', 'denied-by-policy', 'connection-failed', 'aborted'];

/** `none`: no response was begun. */
export const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** `other`: a method that HTTP does not define; `none`: the request was not understood. */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'other',
  'none',
];

const OTHER = METHODS.indexOf('other');
const NONE = METHODS.indexOf('none');

export function methodIndex(method: string | undefined): number {
  if (method === undefined) return NONE;
  const index = METHODS.indexOf(method);
  return index >= 0 && index < OTHER ? index : OTHER;
}

export function statusIndex(status: number): number {
  return status >= 100 && status < 600 ? Math.floor(status / 100) : 0;
}
