import { fstatSync } from 'node:fs';
import { destination } from 'pino';
import { LineBuffer } from './line-buffer.ts';

/** Where log text goes: whole lines, one or more at a time. */
export interface LogSink {
  write(lines: string): void;
  /** Calls back once everything written has been handed to the system. */
  flush(done: () => void): void;
  /** Hands everything to the system before it returns, for the last words of a process. */
  flushSync(): void;
}

/** Octets that may wait for a slow reader of our output; what comes on top is dropped rather than filling the memory. */
const MAX_WAITING = 16 * 1024 * 1024;

/** Octets that one write puts into a pipe whole, whoever else writes to it (PIPE_BUF on Linux). */
const PIPE_BUFFER = 4096;

/**
 * Standard output, written without blocking. When its reader goes away, the program runs on without a log.
 *
 * `shared`: other processes write to it as well. A file takes a write of any length whole, a pipe or socket one of up
 * to {@link PIPE_BUFFER} octets; into these, lines go in writes of no more. So no line is cut by another process's,
 * unless it is longer than that and the pipe is full.
 */
export function stdoutSink(shared = false): LogSink {
  const kind = fstatSync(1);
  const inPieces = shared && (kind.isFIFO() || kind.isSocket());
  const stream = destination({
    dest: 1,
    sync: false,
    minLength: 1,
    maxLength: MAX_WAITING,
    ...(inPieces && { maxWrite: PIPE_BUFFER }),
  });
  return {
    // The stream joins what waits, up to the length of one write, and never cuts what it was given.
    write: (lines) => {
      if (inPieces) for (const line of lines.split(/(?<=\n)/)) stream.write(line);
      else stream.write(lines);
    },
    flush: (done) => stream.flush(() => done()),
    flushSync: () => stream.flushSync(),
  };
}

/** Octets of lines that are collected before they are written, and the longest that one waits, in milliseconds. */
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

  flushSync(): void {
    this.push();
    this.#sink.flushSync();
  }
}
