import { write } from 'node:fs';
import { writeLastWords } from './last-words.ts';

/** Bytes that may wait for a slow reader of our output; what comes on top is dropped rather than filling the memory. */
const MAX_WAITING = 16 * 1024 * 1024;
/** Bytes that are put together for one write. */
const LONGEST_WRITE = 64 * 1024;
/** Milliseconds until a reader that takes nothing, or a file that cannot grow, is tried again. */
const WHEN_FULL = 50;
const WHEN_FAILED = 1_000;
const STDERR = 2;
/** Milliseconds that the last words of a process wait for their reader. */
const LONGEST_LAST_WORDS = 1_000;

/**
 * Writes bytes to a descriptor in order, without blocking. What the system does not take is kept and tried again, also
 * when a file system is full; when the reader is gone nothing is written any more. Neither is an error of the program. That
 * a write failed is told on standard error, once until one succeeds.
 */
export class ByteOutput {
  readonly #descriptor: number;
  readonly #longest: number;
  readonly #waiting: Buffer[] = [];
  /** Bytes that wait or are being written. */
  #length = 0;
  #writing = false;
  #writingSince = 0;
  #held = false;
  #retry: NodeJS.Timeout | undefined = undefined;
  #flushes: (() => void)[] = [];
  #gone = false;
  /** Bytes that were dropped since the last write that succeeded; undefined while writes succeed. */
  #dropped: number | undefined = undefined;

  /** One write is of no more than `longest` bytes, unless what was given at once is longer. */
  constructor(descriptor: number, longest: number = LONGEST_WRITE) {
    this.#descriptor = descriptor;
    this.#longest = longest;
  }

  /** Owns `bytes` from then on. */
  write(bytes: Buffer): void {
    if (this.#gone) return;
    if (this.#length + bytes.length > MAX_WAITING) {
      if (this.#dropped !== undefined) this.#dropped += bytes.length;
      return;
    }
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    this.#next();
  }

  /** Calls back once everything written has been handed to the system, or there is nobody to take it. */
  flush(done: () => void): void {
    this.#flushes.push(done);
    this.#settle();
  }

  /**
   * Hands everything to the system before it returns. A reader that takes nothing is waited for, `limit` milliseconds; one
   * that has not taken an earlier write for so long already is not.
   */
  flushSync(limit = LONGEST_LAST_WORDS): void {
    const words = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    this.#length = 0;
    if (this.#writingFor() >= limit) return;
    if (!writeLastWords(this.#descriptor, words, limit)) this.#held = true;
  }

  /** A thread of this process is held by a reader that takes nothing. */
  get isHeld(): boolean {
    return this.#held || this.#writing;
  }

  /** Milliseconds since the write that is under way began. */
  #writingFor(): number {
    return this.#writing ? performance.now() - this.#writingSince : 0;
  }

  #next(): void {
    if (this.#writing || this.#retry !== undefined || this.#waiting.length === 0) return;
    const bytes = this.#take();
    this.#writing = true;
    this.#writingSince = performance.now();
    write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
      this.#writing = false;
      if (error === null) this.#taken(bytes, written);
      else this.#failed(bytes, error);
      this.#settle();
      this.#next();
    });
  }

  /** What comes next: as much of what waits as belongs in one write. */
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
    if (this.#dropped !== undefined) {
      complain(`The log can be written again; ${this.#dropped} bytes of it are lost.`);
      this.#dropped = undefined;
    }
    this.#length -= written;
    if (written < bytes.length) this.#waiting.unshift(bytes.subarray(written));
  }

  #failed(bytes: Buffer, error: NodeJS.ErrnoException): void {
    this.#waiting.unshift(bytes);
    if (error.code === 'EPIPE') {
      this.#gone = true;
      this.#waiting.length = 0;
      this.#length = 0;
      return;
    }
    if (!isFull(error) && this.#dropped === undefined) {
      this.#dropped = 0;
      complain(`The log cannot be written; up to ${MAX_WAITING} bytes of it wait: ${error.message}`);
    }
    const later = (): void => {
      this.#retry = undefined;
      this.#next();
    };
    this.#retry = setTimeout(later, isFull(error) ? WHEN_FULL : WHEN_FAILED).unref();
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

let isComplaining = false;

/**
 * On standard error, without waiting for its reader: the console would. One at a time, because each that is not read holds
 * a thread.
 */
function complain(text: string): void {
  if (isComplaining) return;
  isComplaining = true;
  write(STDERR, Buffer.from(`${text}\n`), () => (isComplaining = false));
}
