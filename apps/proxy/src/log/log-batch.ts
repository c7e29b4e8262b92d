import { fstatSync } from 'node:fs';
import { LineBuffer } from './line-buffer.ts';
import { ByteOutput } from './byte-output.ts';

/** Where the log goes: whole lines, one or more at a time. */
export interface LogSink {
  /** Owns `lines` from then on. */
  write(lines: Buffer): void;
  /** Calls back once everything written has been handed to the system. */
  flush(done: () => void): void;
  /** Hands everything to the system before it returns, but waits no longer for its reader than `limit` milliseconds. */
  flushSync(limit?: number): void;
  /** A thread of this process is held by a reader that takes nothing. Undefined where that cannot be. */
  readonly isHeld?: boolean;
}

/** Bytes that one write puts into a pipe whole, whoever else writes to it (PIPE_BUF on Linux). */
const PIPE_BUFFER = 4096;

/**
 * Standard output, written without blocking. When its reader goes away, the program runs on without a log.
 *
 * `shared`: other processes write to it as well. A file takes a write of any length whole, a pipe or socket one of up
 * to {@link PIPE_BUFFER} bytes; into these, lines go in writes of no more. So no line is cut by another process's,
 * unless it is longer than that and the pipe is full.
 */
export function stdoutSink(shared = false): LogSink {
  const kind = fstatSync(1);
  if (!shared || !(kind.isFIFO() || kind.isSocket())) return new ByteOutput(1);
  const output = new ByteOutput(1, PIPE_BUFFER);
  return {
    // It joins what waits, up to the length of one write, and never cuts what it was given.
    write: (lines) => {
      for (const line of eachLine(lines)) output.write(line);
    },
    flush: (done) => output.flush(done),
    flushSync: (limit) => output.flushSync(limit),
    get isHeld() {
      return output.isHeld;
    },
  };
}

const LINE_FEED = 0x0a;

function* eachLine(lines: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < lines.length) {
    const end = lines.indexOf(LINE_FEED, start) + 1 || lines.length;
    yield lines.subarray(start, end);
    start = end;
  }
}

/** Bytes of lines that are collected before they are written, and the longest that one waits, in milliseconds. */
const FULL = 64 * 1024;
const LONGEST_WAIT = 200;
/** Milliseconds that the end of a program waits for whoever reads its log. */
const LONGEST_FLUSH = 1_000;

/** Collects lines: one write for many of them costs a fraction. */
export class LogBatch {
  readonly #sink: LogSink;
  readonly #lines = new LineBuffer();
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #push = (): void => this.push();

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** Where lines are put; whoever has put one calls `added`. */
  get lines(): LineBuffer {
    return this.#lines;
  }

  /** Adds a line that may wait for others. */
  add(line: string): void {
    this.#lines.text(line);
    this.added();
  }

  /** A line that may wait for others has been put into `lines`. */
  added(): void {
    if (this.#lines.length >= FULL) this.push();
    else this.#timer ??= setTimeout(this.#push, LONGEST_WAIT).unref();
  }

  /** Lets go of what was collected. */
  push(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length > 0) this.#sink.write(this.#lines.take());
  }

  /** Resolves when everything has left, or its reader has not taken it for a second. */
  async flush(): Promise<void> {
    this.push();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LONGEST_FLUSH);
      this.#sink.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  flushSync(limit?: number): void {
    this.push();
    this.#sink.flushSync(limit);
  }

  get isHeld(): boolean {
    return this.#sink.isHeld === true;
  }
}
