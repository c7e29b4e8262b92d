import type { ServiceMode } from '@inband/core';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { OwnAnswer } from './own-answer.ts';

const ALLOW = 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH, CONNECT';

/**
 * The answer to a request that is for the proxy itself, which is OPTIONS at its last hop (RFC 9110 section 7.6.2) or on "*" of a forward
 * proxy. Undefined for every other request. TRACE is refused, because it would show a client what proxies between it and the server add,
 * credentials included.
 */
export function ownAnswer(head: RequestHead, mode: ServiceMode, pseudonym: string): OwnAnswer | undefined {
  if (head.method === 'TRACE') throw badRequest('TRACE is not answered or passed on.', { status: 405 });
  if (head.method !== 'OPTIONS') return undefined;
  const toProxy = head.form === 'asterisk' && mode === 'forward';
  if (!toProxy && head.maxForwards !== 0) return undefined;
  return {
    status: 200,
    reason: 'OK',
    fields: [
      ['Allow', ALLOW],
      ['Content-Length', '0'],
      ['Proxy-Status', pseudonym],
    ],
  };
}
