import type { RequestHead } from '../head/request-head.ts';

/** Path and query as the client wrote them, with the slash that an absolute URL without a path leaves out. */
export function pathOf(head: RequestHead): string {
  const path = head.buffer.toString('latin1', head.base + head.pathStart, head.base + head.pathEnd);
  return path.startsWith('/') ? path : `/${path}`;
}
