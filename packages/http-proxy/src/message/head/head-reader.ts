import type { HeadLimits, HeadParser } from './head-parser.ts';

const FIRST_CAPACITY = 1024;
/** A reader that had to keep more than this gives the memory back. */
const KEPT_CAPACITY = 8192;

/**
 * Reads one head that may arrive in pieces. While it comes in one piece nothing is copied; otherwise the pieces are
 * gathered here. Also keeps a complete head for as long as somebody needs it after the bytes' own buffer is gone.
 */
export class HeadReader<Head extends HeadParser> {
  readonly head: Head;
  #kept: Buffer | undefined = undefined;
  #length = 0;

  constructor(head: Head) {
    this.head = head;
  }

  begin(limits: HeadLimits): void {
    this.head.reset(limits);
    this.#length = 0;
  }

  /**
   * Takes bytes of the head from `bytes[start..end)`. Returns the position after the head when it is complete,
   * or -1 when all was taken and more is needed, or when `head.fault` says what is wrong.
   */
  read(bytes: Buffer, start: number, end: number): number {
    const { head } = this;
    if (this.#length === 0) {
      if (head.read(bytes, start, end)) return start + head.length;
      if (head.fault === undefined) this.#keep(bytes, start, end);
      return -1;
    }
    const before = this.#length;
    this.#append(bytes, start, end);
    return head.read(this.#kept!, 0, this.#length) ? start + head.length - before : -1;
  }

  /** Bytes of the head that were gathered, the last piece included; 0 while it is read where it lies. */
  protected get gathered(): number {
    return this.#length;
  }

  /** Makes the head independent of the buffer that it was read from. */
  retain(): void {
    if (this.#length > 0) return;
    this.head.detach(this.#capacity(this.head.length));
    this.#length = this.head.length;
  }

  /** Bytes of memory in which parts of heads, or heads that somebody needs for longer, are kept. */
  get capacity(): number {
    return this.#kept?.length ?? 0;
  }

  /** Lets go of what should not be held while the reader waits for its next use. */
  rest(): void {
    this.#length = 0;
    // The parser remembers the memory that the last head lay in.
    if (this.#kept !== undefined && this.#kept.length > KEPT_CAPACITY) {
      this.#kept = undefined;
      this.head.release();
    }
  }

  /** The first piece of a head that goes on: what was read so far is read from our own memory from now on. */
  #keep(bytes: Buffer, start: number, end: number): void {
    this.#append(bytes, start, end);
    this.head.moved(this.#kept!);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    bytes.copy(this.#capacity(length), this.#length, start, end);
    this.#length = length;
  }

  #capacity(length: number): Buffer {
    if (this.#kept === undefined || this.#kept.length < length) {
      let capacity = FIRST_CAPACITY;
      while (capacity < length) capacity *= 2;
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.#kept?.copy(larger, 0, 0, this.#length);
      this.#kept = larger;
    }
    return this.#kept;
  }
}

/** Milliseconds after which readers that nobody has needed meanwhile are let go of. */
const UNUSED = 10_000;
/** Readers that stay. */
const LEAST = 4;

/**
 * Readers between two uses, so that a request does not cost a table. Those that a crowd of clients needed go when it is gone:
 * what was never in use for a while is more than is needed.
 */
export class ReaderPool<Head extends HeadParser> {
  readonly #free: HeadReader<Head>[] = [];
  readonly #make: () => HeadReader<Head>;
  /** The fewest that were free since the last look. */
  #fewest = 0;
  #look: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;
  static readonly #most = 256;

  constructor(make: () => HeadReader<Head>) {
    this.#make = make;
  }

  /** Readers that wait for their next use. */
  get free(): number {
    return this.#free.length;
  }

  take(limits: HeadLimits): HeadReader<Head> {
    const reader = this.#free.pop() ?? this.#make();
    if (this.#free.length < this.#fewest) this.#fewest = this.#free.length;
    reader.begin(limits);
    return reader;
  }

  give(reader: HeadReader<Head>): void {
    reader.rest();
    if (this.#isClosed || this.#free.length >= ReaderPool.#most) return;
    this.#free.push(reader);
    if (this.#free.length > LEAST && this.#look === undefined) this.#lookLater();
  }

  /** Lets go of all, and keeps none from now on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#look);
    this.#look = undefined;
    this.#free.length = 0;
  }

  #lookLater(): void {
    this.#fewest = this.#free.length;
    this.#look = setTimeout(this.#letGo, UNUSED);
    this.#look.unref();
  }

  readonly #letGo = (): void => {
    this.#look = undefined;
    const left = Math.max(LEAST, this.#free.length - this.#fewest);
    // The ones in front have waited longest.
    if (this.#free.length > left) this.#free.splice(0, this.#free.length - left);
    if (this.#free.length > LEAST) this.#lookLater();
  };
}
