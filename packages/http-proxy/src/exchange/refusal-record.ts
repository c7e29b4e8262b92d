import { Session, sessionWriter, type ProxyError } from '@inband/core';
import type { ClientSide } from '../client/client-side.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/** The log entry of a request that was not understood: there was no exchange, but the log hears of it. */
export function recordRefusal(client: ClientSide, head: RequestHead, error: ProxyError): void {
  if (client.context.onSession === undefined) return;
  const session = new Session(client.client, client.context.service);
  if (head.method !== '') sessionWriter.setMethod(session, head.method);
  client.context.onSession({
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
}
