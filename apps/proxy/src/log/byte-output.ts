import { write } from 'node:fs';
import { writeBeforeExit } from './final-write.ts';

/** The most bytes that are kept for a slow reader. Further bytes are dropped. */
const MAX_WAITING = 16 * 1024 * 1024;
/** The most bytes that are joined into one write. */
const LONGEST_WRITE = 64 * 1024;
/** Milliseconds until a write is retried: to a reader that takes nothing, and to a file that cannot grow. */
const WHEN_FULL = 50;
const WHEN_FAILED = 1_000;
const STDERR = 2;
/** Milliseconds that `flushSync` waits for the reader. */
const LONGEST_FINAL_WRITE = 1_000;

/** Told how many lines and bytes were dropped. */
export type LostListener = (lines: number, bytes: number) => void;

export interface ByteOutputOptions {
  /** The most bytes of one write, unless a single buffer is longer. */
  readonly longest?: number;
  readonly isTerminal?: boolean;
}

/**
 * Writes bytes to a file descriptor in order, without blocking. Bytes that the system does not take are kept and written
 * later, also when a file system is full. Nothing is written any more when the reader is gone. Neither ends the program. A
 * failed write is reported on standard error, once until a write succeeds.
 */
export class ByteOutput {
  readonly isTerminal: boolean;
  #descriptor: number;
  readonly #longest: number;
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
  #lostLines = 0;
  #lostBytes = 0;
  /** Called when the current write is over. */
  #afterWrite: (() => void)[] = [];

  /** Called when bytes are taken again after some were dropped. */
  onLost: LostListener | undefined = undefined;

  constructor(descriptor: number, { longest = LONGEST_WRITE, isTerminal = false }: ByteOutputOptions = {}) {
    this.#descriptor = descriptor;
    this.#longest = longest;
    this.isTerminal = isTerminal;
  }

  /** Takes ownership of `bytes`. */
  write(bytes: Buffer): void {
    if (this.#gone) return;
    if (this.#length + bytes.length > MAX_WAITING) return this.#drop(bytes);
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    this.#next();
  }

  /** Writes to `descriptor` from the next write on. Calls `released` when the one before is not used any more. */
  redirect(descriptor: number, released: () => void): void {
    this.#descriptor = descriptor;
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
    if (!writeBeforeExit(this.#descriptor, bytes, limit)) this.#held = true;
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
    const bytes = this.#length + this.#lostBytes;
    const lines = this.#waiting.reduce((sum, each) => sum + countLines(each), this.#lostLines);
    report(`The log was closed before all of it could be written; ${lines} lines (${bytes} bytes) of it are lost.`);
    clearTimeout(this.#retry);
    this.#leave();
  }

  /** Nobody takes anything any more. */
  #leave(): void {
    this.#gone = true;
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
    const descriptor = this.#descriptor;
    write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
      this.#writing = false;
      this.#release();
      if (error === null) this.#taken(bytes, written);
      else if (descriptor === this.#descriptor) this.#failed(bytes, error);
      else this.#waiting.unshift(bytes);
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
    if (written < bytes.length) this.#waiting.unshift(bytes.subarray(written));
    // Not at the first byte, because a slow reader would be told of again and again.
    if ((this.#failing || this.#lostLines > 0) && this.#length <= MAX_WAITING / 2) this.#tellLost();
  }

  #drop(bytes: Buffer): void {
    // Later, because a write that is about to fail says more.
    if (this.#lostLines === 0) setTimeout(() => this.#tellUnread(), WHEN_FULL).unref();
    this.#lostBytes += bytes.length;
    // At least one, so that it is told.
    this.#lostLines += Math.max(1, countLines(bytes));
  }

  #tellUnread(): void {
    if (this.#failing || this.#lostLines === 0) return;
    report(`The log is not read; ${MAX_WAITING} bytes of it wait, and further lines are dropped.`);
  }

  #tellLost(): void {
    const [lines, bytes] = [this.#lostLines, this.#lostBytes];
    this.#failing = false;
    this.#lostLines = 0;
    this.#lostBytes = 0;
    report(`The log can be written again; ${lines} lines (${bytes} bytes) of it are lost.`);
    if (lines > 0) this.onLost?.(lines, bytes);
  }

  #release(): void {
    const released = this.#afterWrite;
    if (released.length === 0) return;
    this.#afterWrite = [];
    for (const done of released) done();
  }

  #failed(bytes: Buffer, error: NodeJS.ErrnoException): void {
    if (this.#gone) return;
    if (error.code === 'EPIPE') return this.#leave();
    this.#waiting.unshift(bytes);
    if (!isFull(error) && !this.#failing) {
      this.#failing = true;
      report(`The log cannot be written; up to ${MAX_WAITING} bytes of it wait: ${error.message}`);
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

const LINE_FEED = 0x0a;

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}

let isReporting = false;

/**
 * Writes to standard error without waiting for its reader, which `console.error` would. Only one write is pending at a time,
 * because each unread one blocks a thread.
 */
export function report(text: string): void {
  if (isReporting) return;
  isReporting = true;
  write(STDERR, Buffer.from(`${text}\n`), () => (isReporting = false));
}
