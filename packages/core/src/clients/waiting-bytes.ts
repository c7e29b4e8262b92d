import { ProxyError } from '../base/errors.ts';

/** A connection of which bytes are kept that cannot be used yet. */
export interface Holder {
  /** Called from within `holdHead` or `holdAhead` of any holder: answer or close now, and hold no more. */
  giveUp(error: ProxyError): void;
}

/** What `limits.partialHeads` is unless told. */
export const DEFAULT_PARTIAL_HEADS = 64 * 2 ** 20;

/** What a reader costs beside the bytes that it keeps. */
const READER = 1024;

/** Seconds after which who was given up may try again: honest heads are complete at once. */
const RETRY_AFTER = 1;

/**
 * Bounds the memory of all bytes that wait: parts of heads, of requests and of answers, parts of TLS handshakes, and what clients
 * sent ahead of its turn. Whoever has a thousand connections could else have the process keep a thousand times the largest head. When there is more than the
 * limit, that part head is given up which began longest ago, as one that comes in slowly on purpose; of what was sent ahead,
 * the largest.
 */
export class WaitingBytes {
  readonly #most: number;
  /** In the order in which they began. */
  readonly #heads = new Map<Holder, number>();
  readonly #ahead = new Map<Holder, number>();
  #inHeads = 0;
  #inAhead = 0;

  constructor(most = DEFAULT_PARTIAL_HEADS) {
    this.#most = most;
  }

  /** Bytes that are kept now. */
  get held(): number {
    return this.#inHeads + this.#inAhead;
  }

  /** A part of a head is kept in so much memory. May give up any holder, this one included. */
  holdHead(holder: Holder, capacity: number): void {
    const before = this.#heads.get(holder) ?? 0;
    this.#inHeads += capacity + READER - before;
    this.#heads.set(holder, capacity + READER);
    this.#keepWithin();
  }

  dropHead(holder: Holder): void {
    this.#inHeads -= this.#heads.get(holder) ?? 0;
    this.#heads.delete(holder);
  }

  /** So many bytes wait for their turn. May give up any holder, this one included. */
  holdAhead(holder: Holder, length: number): void {
    this.#inAhead += length - (this.#ahead.get(holder) ?? 0);
    this.#ahead.set(holder, length);
    this.#keepWithin();
  }

  dropAhead(holder: Holder): void {
    this.#inAhead -= this.#ahead.get(holder) ?? 0;
    this.#ahead.delete(holder);
  }

  #keepWithin(): void {
    while (this.held > this.#most) {
      const isOfHeads = this.#inHeads >= this.#inAhead;
      const holder = isOfHeads ? this.#oldestHead() : this.#largestAhead();
      if (holder === undefined) return;
      if (isOfHeads) this.dropHead(holder);
      else this.dropAhead(holder);
      holder.giveUp(isOfHeads ? tooManyHeads() : tooMuchAhead());
    }
  }

  #oldestHead(): Holder | undefined {
    const [oldest] = this.#heads.keys();
    return oldest;
  }

  #largestAhead(): Holder | undefined {
    let largest: Holder | undefined;
    let most = -1;
    for (const [holder, length] of this.#ahead) {
      if (length <= most) continue;
      most = length;
      largest = holder;
    }
    return largest;
  }
}

function tooManyHeads(): ProxyError {
  const message = 'Too many heads of messages have begun and are not complete; this one began first.';
  return new ProxyError('connection_limit_reached', message, {
    setting: 'limits.partialHeads',
    retryAfter: RETRY_AFTER,
  });
}

function tooMuchAhead(): ProxyError {
  const message = 'Too much has been sent ahead of the answers that come before; most of it on this connection.';
  return new ProxyError('connection_limit_reached', message, { setting: 'limits.partialHeads' });
}
