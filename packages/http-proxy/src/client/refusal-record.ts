import { requestId, Session, sessionWriter, type ClientConnection, type ProxyError } from '@inband/core';
import type { RequestHead } from '../message/head/request-head.ts';
import type { HttpContext } from '../service/context.ts';

/** Records a request that was not understood, which has no exchange. Returns its id; undefined where nothing is logged. */
export function recordRefusal(
  context: HttpContext,
  client: ClientConnection,
  head: RequestHead,
  error: ProxyError,
): string | undefined {
  const { listener } = context.sessionEnds;
  if (listener === undefined) return undefined;
  const session = new Session(client, context.service);
  if (head.method !== '') sessionWriter.setMethod(session, head.method);
  listener({
    session,
    kind: 'request',
    url: head.url,
    status: error.status,
    bytesIn: 0,
    bytesOut: 0,
    duration: 0,
    wait: undefined,
    reused: false,
    error,
    aborted: false,
  });
  return requestId(session);
}
