import { requestId, Session, sessionWriter, type ClientConnection, type ProxyError } from '@inband/core';
import type { RequestHead } from '../message/head/request-head.ts';
import type { HttpContext } from '../service/context.ts';
import { errorAnswer } from './answer-bytes.ts';

/** The answer to a head that is not understood. There is no exchange, but the log hears of it. `head`: undefined where none began. */
export function refusalAnswer(
  context: HttpContext,
  client: ClientConnection,
  head: RequestHead | undefined,
  error: ProxyError,
  html: boolean,
): Buffer {
  if (error.code === 'proxy_internal_error') context.logger.error({ err: error }, 'defect while reading a request');
  const id = head && recordRefusal(context, client, head, error);
  const changeFields = context.fieldChanges?.forError(undefined);
  const about = { method: head?.method ?? '', url: head?.url, html, setting: error.setting, id, changeFields };
  return errorAnswer(context, client.address, error, about, false);
}

/** Records a request that is refused without an exchange. Returns its id; undefined where nothing is logged. */
export function recordRefusal(
  context: HttpContext,
  client: ClientConnection,
  head: Pick<RequestHead, 'method' | 'url'>,
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
