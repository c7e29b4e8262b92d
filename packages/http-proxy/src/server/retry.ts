import { isIdempotent } from '../message/methods.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/** Bytes of a request body, as they came, that are kept so that the request can be sent again. */
export const MOST_KEPT = 16_384;

/** Times that a request is sent again at most, whatever its chainer says: each has its own `responseTimeout`. */
export const MOST_RETRIES = 16;

/** Milliseconds that a server connection may have been idle to take a request that cannot be sent twice. */
export const SURELY_ALIVE = 1000;

/**
 * Whether the request may be sent to another server connection when the first one turns out to be dead: its effect is the
 * same (RFC 9110 section 9.2.2), and what there is of it will still be there.
 */
export function mayBeSentTwice(head: RequestHead): boolean {
  return isIdempotent(head.method) && !head.chunked && head.contentLength <= MOST_KEPT;
}

/** The beginning of a request body, for as long as it is all of what was sent. */
export class KeptBody {
  bytes: Buffer = Buffer.alloc(0);
  /** Too much was sent: the request cannot be sent again. */
  overflown = false;

  append(bytes: Buffer, start: number, end: number): void {
    if (this.overflown || start >= end) return;
    if (this.bytes.length + end - start <= MOST_KEPT) {
      this.bytes = Buffer.concat([this.bytes, bytes.subarray(start, end)]);
      return;
    }
    this.overflown = true;
    this.bytes = Buffer.alloc(0);
  }
}
