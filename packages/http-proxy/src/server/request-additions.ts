import type { ServerConnection, Session } from '@inband/core';
import { NO_AUTHORITY, reachedAt } from '../message/authority.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { RequestAdditions } from '../message/head/serialise.ts';
import { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import { parentAdditions } from './parent-requests.ts';

/** What a request gets on its way to `server`. Returns the same object for nearly all requests. */
export function additionsFor(
  { requestAdditions }: HttpContext,
  session: Session,
  { requestForm }: ServerConnection,
  head: RequestHead,
  forwarded: Literal | undefined,
  traced: Literal | undefined,
): RequestAdditions {
  const namesHost = head.authority !== NO_AUTHORITY;
  if (requestForm !== undefined) {
    const written = parentAdditions(requestForm, session, head);
    return { ...requestAdditions, forwarded, traced, ...written };
  }
  if (namesHost && forwarded === undefined && traced === undefined) return requestAdditions;
  const host = namesHost ? undefined : new Literal(reachedAt(session.client.local, session.client.tls !== undefined));
  return { ...requestAdditions, forwarded, traced, host };
}
