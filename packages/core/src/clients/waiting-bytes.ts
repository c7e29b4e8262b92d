import { ProxyError } from '../base/errors.ts';

/** A connection with bytes in memory that cannot be used yet. */
export interface Holder {
  /** Called synchronously from `holdHead` or `holdAhead` of any holder: answer or close now, and hold no more. */
  giveUp(error: ProxyError): void;
}

/** Bytes. The default of `limits.partialHeads`. */
export const DEFAULT_PARTIAL_HEADS = 64 * 2 ** 20;

/** Bytes of memory that a reader takes beside those that it holds. */
const READER = 1024;

/** Seconds for `Retry-After`: heads of ordinary clients are complete at once. */
const RETRY_AFTER = 1;

/**
 * Bounds the memory of bytes that cannot be used yet: incomplete heads of requests and responses, incomplete TLS
 * handshakes, and pipelined bytes. Without it, a thousand connections of one client could make the process hold a thousand
 * heads of the largest size. Beyond the limit the oldest incomplete head is given up, because it may be slow on purpose
 * (slowloris); of pipelined bytes, the connection with the most.
 */
export class WaitingBytes {
  #most: number;
  /** The oldest first. */
  readonly #heads = new Map<Holder, number>();
  readonly #ahead = new Map<Holder, number>();
  #inHeads = 0;
  #inAhead = 0;

  constructor(most = DEFAULT_PARTIAL_HEADS) {
    this.#most = most;
  }

  /** Changes the limit. What is held beyond it is given up when more comes. */
  limit(most: number): void {
    this.#most = most;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#inHeads + this.#inAhead;
  }

  /** An incomplete head takes `capacity` bytes. May give up any holder, this one included. */
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

  /** `length` pipelined bytes wait for the response before. May give up any holder, this one included. */
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
