import { MOST_KEPT } from '../message/body/kept-body.ts';
import { isIdempotent } from '../message/methods.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/** Times that a request is sent again at most, whatever its chainer says, because each has its own `responseTimeout`. */
export const MOST_RETRIES = 16;

/** Milliseconds that a server connection may have been idle to take a request that cannot be sent twice. */
export const SURELY_ALIVE = 1000;

/**
 * Whether the request may be sent on another server connection if the first one turns out to be closed. It may if a second try has the
 * same effect (RFC 9110 section 9.2.2) and its body can be kept.
 */
export function mayBeSentTwice(head: RequestHead): boolean {
  return isIdempotent(head.method) && !head.chunked && head.contentLength <= MOST_KEPT;
}

/** Whether the request has a body that is worth keeping, so that the request could be sent again. */
export function mayKeepBody(head: RequestHead): boolean {
  return isIdempotent(head.method) && isShort(head);
}

/** Whether the request has a body that can be kept. */
export function isShort(head: RequestHead): boolean {
  return head.hasBody && head.contentLength <= MOST_KEPT;
}

/**
 * Whether the request, which was sent again `retries` times, may be sent once more. It may if another try has the same effect
 * (RFC 9110 section 9.2.2) and its body is still there.
 */
export function maySendAgain(head: RequestHead, retries: number, bodyIsKept: boolean): boolean {
  return isIdempotent(head.method) && isStillThere(head, retries, bodyIsKept);
}

/** The same for a request on which nobody has acted, whatever its method is. */
export function isStillThere(head: RequestHead, retries: number, bodyIsKept: boolean): boolean {
  return retries < MOST_RETRIES && (!head.hasBody || bodyIsKept);
}
