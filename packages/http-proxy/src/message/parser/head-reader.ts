import type { Holder, WaitingBytes } from '@inband/core';
import type { HeadLimits, HeadParser } from './head-parser.ts';

const FIRST_CAPACITY = 1024;
/** A reader that had to keep more than this gives the memory back. */
const KEPT_CAPACITY = 8192;
const NO_WORDS = new DataView(new ArrayBuffer(0));

/** {@link HeadReader.read} returns it instead of a position if something is wrong. `head.fault` says what. */
export const FAULT = -1;
/** {@link HeadReader.read} returns it if all bytes were taken and the head goes on. */
export const MORE = -2;

/**
 * Reads one head that may arrive in pieces. A head in one piece is not copied. Pieces are gathered here. Also keeps a complete head for as
 * long as it is needed after the buffer of its bytes is gone.
 */
export class HeadReader<Head extends HeadParser> {
  readonly head: Head;
  #kept: Buffer | undefined = undefined;
  /** The same memory. */
  #words = NO_WORDS;
  /** Bytes that there is room for in `#kept`. */
  #room = 0;
  #length = 0;
  /** Where the memory of an incomplete head is counted, and for whom. */
  #countedBy: WaitingBytes | undefined = undefined;
  #holder: Holder | undefined = undefined;

  constructor(head: Head) {
    this.head = head;
  }

  begin(limits: HeadLimits): void {
    this.head.reset(limits);
    this.#length = 0;
  }

  /**
   * Takes bytes of the head from `bytes[start..end)`. Returns the position after the head when it is complete, else
   * {@link MORE} or {@link FAULT}.
   */
  read(bytes: Buffer, start: number, end: number): number {
    const { head } = this;
    if (this.#length === 0) {
      if (head.read(bytes, start, end)) return start + head.length;
      if (head.fault !== undefined) return FAULT;
      head.moved(this.#append(bytes, start, end));
      return MORE;
    }
    const before = this.#length;
    const kept = this.#append(bytes, start, end);
    if (head.read(kept, 0, this.#length)) return start + head.length - before;
    return head.fault === undefined ? MORE : FAULT;
  }

  /** Bytes of the head that were gathered, the last piece included. 0 while it is read where it lies. */
  protected get gathered(): number {
    return this.#length;
  }

  /** Makes the head independent of the buffer that it was read from. */
  retain(): void {
    if (this.#length > 0) return;
    this.head.detach(this.#capacity(this.head.length), this.#words);
    this.#length = this.head.length;
  }

  /** Bytes of memory in which parts of heads, or heads that somebody needs for longer, are kept. */
  get capacity(): number {
    return this.#room;
  }

  get isCounted(): boolean {
    return this.#countedBy !== undefined;
  }

  /** Counts the memory of an incomplete head. Any holder may have to give up before this returns, `holder` too. */
  count(waiting: WaitingBytes, holder: Holder): void {
    this.#countedBy = waiting;
    this.#holder = holder;
    waiting.holdHead(holder, this.capacity);
  }

  /** The head is complete, or nobody waits for the rest. */
  uncount(): void {
    if (this.#countedBy === undefined || this.#holder === undefined) return;
    this.#countedBy.dropHead(this.#holder);
    this.#countedBy = undefined;
    this.#holder = undefined;
  }

  /** Releases what should not be held while the reader waits for its next use. */
  rest(): void {
    this.uncount();
    this.#length = 0;
    // The parser remembers the memory that the last head lay in.
    if (this.#room > KEPT_CAPACITY) {
      this.#kept = undefined;
      this.#words = NO_WORDS;
      this.#room = 0;
      this.head.release();
    }
  }

  /** Keeps a piece of a head that goes on. From then on the head is read from the memory that this returns. */
  #append(bytes: Buffer, start: number, end: number): Buffer {
    const length = this.#length + end - start;
    const kept = this.#capacity(length);
    bytes.copy(kept, this.#length, start, end);
    this.#length = length;
    return kept;
  }

  #capacity(length: number): Buffer {
    if (this.#kept !== undefined && this.#room >= length) return this.#kept;
    let capacity = FIRST_CAPACITY;
    while (capacity < length) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.#kept?.copy(larger, 0, 0, this.#length);
    this.#kept = larger;
    this.#words = new DataView(larger.buffer);
    this.#room = capacity;
    return larger;
  }
}
