import { type ByteWriter, descriptorWriter } from './byte-writer.ts';
import { type DelayBounds, DoublingDelay } from './doubling-delay.ts';
import { LostLines } from './lost-lines.ts';
import { report } from './report.ts';

/** The most bytes that are kept for a slow reader. Further bytes are dropped. */
const MAX_WAITING = 16 * 1024 * 1024;
/** The most bytes that are joined into one write. */
const LONGEST_WRITE = 64 * 1024;
/** Until a write is retried to a reader that takes nothing, and after an error, if nothing else is said. */
const WHEN_FULL: DelayBounds = { shortest: 1, longest: 50 };
const WHEN_FAILED: DelayBounds = { shortest: 1_000, longest: 1_000 };
/** Milliseconds until it is told that lines are dropped. */
const BEFORE_TELLING = 50;
/** Milliseconds that `flushSync` waits for the reader. */
const LONGEST_FINAL_WRITE = 1_000;

/** Told how many lines and bytes were dropped. */
export type LostListener = (lines: number, bytes: number) => void;

export interface ByteOutputOptions {
  /** The most bytes of one write, unless a single buffer is longer. */
  readonly longest?: number;
  readonly isTerminal?: boolean;
  /** Until a write that has failed is retried. Default: a second each time. */
  readonly retry?: DelayBounds;
}

/**
 * Writes bytes to a file descriptor or another writer in order, without blocking. Bytes that the system does not take are kept and written
 * later, also when a file system is full. Nothing is written any more when the reader is gone. Neither ends the program. A
 * failed write is reported on standard error, once until a write succeeds.
 */
export class ByteOutput {
  readonly isTerminal: boolean;
  #writer: ByteWriter;
  readonly #longest: number;
  readonly #whenFull = new DoublingDelay(WHEN_FULL);
  readonly #whenFailed: DoublingDelay;
  readonly #waiting: Buffer[] = [];
  /** Bytes that are queued or being written. */
  #length = 0;
  #writing = false;
  #writingSince = 0;
  #held = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  #flushes: (() => void)[] = [];
  #gone = false;
  #failing = false;
  /** What was dropped since it was last told. */
  readonly #lost = new LostLines();
  /** Called when the current write is over. */
  #afterWrite: (() => void)[] = [];

  /** Called when bytes are taken again after some were dropped. */
  onLost: LostListener | undefined = undefined;

  constructor(to: number | ByteWriter, options: ByteOutputOptions = {}) {
    const { longest = LONGEST_WRITE, isTerminal = false, retry = WHEN_FAILED } = options;
    this.#writer = typeof to === 'number' ? descriptorWriter(to) : to;
    this.#longest = longest;
    this.isTerminal = isTerminal;
    this.#whenFailed = new DoublingDelay(retry);
  }

  /** Lines that were dropped since the start, or are lost because the reader is gone. */
  get dropped(): number {
    return this.#lost.total;
  }

  /** Takes ownership of `bytes`. */
  write(bytes: Buffer): void {
    if (this.#gone) return this.#lost.add(bytes);
    if (this.#length + bytes.length > MAX_WAITING) return this.#drop(bytes);
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    this.#next();
  }

  /** Writes to `descriptor` from the next write on. Calls `released` when the one before is not used any more. */
  redirect(descriptor: number, released: () => void): void {
    this.#writer = descriptorWriter(descriptor);
    this.#gone = false;
    if (this.#writing) this.#afterWrite.push(released);
    else released();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#next();
  }

  /** Calls `done` when all bytes are handed to the system, or the reader is gone. */
  flush(done: () => void): void {
    this.#flushes.push(done);
    this.#settle();
  }

  /**
   * Hands all bytes to the system before it returns. Waits at most `limit` milliseconds for the reader, and not at all if an
   * earlier write has been waiting that long.
   */
  flushSync(limit = LONGEST_FINAL_WRITE): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    this.#length = 0;
    if (this.#writingFor() >= limit) return;
    if (!this.#writer.writeLast(bytes, limit)) this.#held = true;
  }

  /** Resolves when all bytes are handed to the system. Drops those that it has not taken within `limit` milliseconds. */
  async end(limit: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.flush(resolve);
    const timer = setTimeout(() => {
      this.#giveUp();
      resolve();
    }, limit);
    await promise;
    clearTimeout(timer);
  }

  #giveUp(): void {
    clearTimeout(this.#retry);
    this.#leave();
    const { lines, bytes } = this.#lost.take();
    report(`The log was closed before all of it could be written; ${lines} lines (${bytes} bytes) of it are lost.`);
  }

  /** Nobody takes anything any more. */
  #leave(): void {
    this.#gone = true;
    for (const each of this.#waiting) this.#lost.add(each);
    this.#waiting.length = 0;
    this.#length = 0;
  }

  /** Whether a thread of this process is blocked by a reader that takes nothing. */
  get isHeld(): boolean {
    return this.#held || this.#writing;
  }

  /** Milliseconds since the current write began. */
  #writingFor(): number {
    return this.#writing ? performance.now() - this.#writingSince : 0;
  }

  #next(): void {
    if (this.#writing || this.#retry !== undefined || this.#waiting.length === 0) return;
    const bytes = this.#take();
    this.#writing = true;
    this.#writingSince = performance.now();
    const writer = this.#writer;
    writer.write(bytes, (error, written) => {
      this.#writing = false;
      this.#release();
      if (error === null || written > 0) this.#taken(bytes, written);
      else if (!this.#gone) this.#waiting.unshift(bytes);
      if (error !== null && writer === this.#writer) this.#failed(error);
      this.#settle();
      this.#next();
    });
  }

  /** Takes the bytes of the next write from the queue. */
  #take(): Buffer {
    let count = 1;
    let length = this.#waiting[0]!.length;
    while (count < this.#waiting.length && length + this.#waiting[count]!.length <= this.#longest) {
      length += this.#waiting[count]!.length;
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    return count === 1 ? taken[0]! : Buffer.concat(taken, length);
  }

  #taken(bytes: Buffer, written: number): void {
    if (this.#gone) return;
    this.#length -= written;
    this.#whenFull.reset();
    this.#whenFailed.reset();
    if (written < bytes.length) this.#waiting.unshift(bytes.subarray(written));
    // Not at the first byte, because a slow reader would be told of again and again.
    if ((this.#failing || this.#lost.lines > 0) && this.#length <= MAX_WAITING / 2) this.#tellLost();
  }

  #drop(bytes: Buffer): void {
    // Later, because a write that is about to fail says more.
    if (this.#lost.lines === 0) setTimeout(() => this.#tellUnread(), BEFORE_TELLING).unref();
    this.#lost.add(bytes);
  }

  #tellUnread(): void {
    if (this.#failing || this.#lost.lines === 0) return;
    report(`The log is not read; ${MAX_WAITING} bytes of it wait, and further lines are dropped.`);
  }

  #tellLost(): void {
    const { lines, bytes } = this.#lost.take();
    this.#failing = false;
    report(`The log can be written again; ${lines} lines (${bytes} bytes) of it are lost.`);
    if (lines > 0) this.onLost?.(lines, bytes);
  }

  #release(): void {
    const released = this.#afterWrite;
    if (released.length === 0) return;
    this.#afterWrite = [];
    for (const done of released) done();
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#gone) return;
    if (error.code === 'EPIPE') return this.#leave();
    if (error.code === 'EMSGSIZE') return this.#dropFirstLine();
    if (!isFull(error) && !this.#failing) {
      this.#failing = true;
      report(`The log cannot be written; up to ${MAX_WAITING} bytes of it wait: ${error.message}`);
    }
    const later = (): void => {
      this.#retry = undefined;
      this.#next();
    };
    this.#retry = setTimeout(later, (isFull(error) ? this.#whenFull : this.#whenFailed).next()).unref();
  }

  /** It is too long for the reader. */
  #dropFirstLine(): void {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) return;
    const length = bytes.indexOf(LINE_FEED) + 1 || bytes.length;
    this.#length -= length;
    this.#lost.add(bytes.subarray(0, length));
    if (length < bytes.length) this.#waiting.unshift(bytes.subarray(length));
  }

  #settle(): void {
    if (this.#writing || this.#waiting.length > 0) return;
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const done of flushes) done();
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
}

const LINE_FEED = 0x0a;
