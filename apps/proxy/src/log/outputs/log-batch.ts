import type { Logger } from '@inband/core';
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { LineBuffer } from '../../lines/line-buffer.ts';
import { secrets } from '../../secrets/secret-texts.ts';
import { ByteOutput, type LostListener } from './byte-output.ts';

/** The destination of the log. It gets whole lines, one or more at a time. */
export interface LogSink {
  /** Takes ownership of `lines`. `level`: of a message; lines without one are access lines. */
  write(lines: Buffer, level?: keyof Logger): void;
  /** Calls `done` when all lines are handed to the system. */
  flush(done: () => void): void;
  /** Hands all lines to the system before it returns. Waits at most `limit` milliseconds for the reader. */
  flushSync(limit?: number): void;
  /** Whether a thread of this process is blocked by a reader that takes nothing. */
  readonly isHeld?: boolean;
  /** Whether people read it, on a terminal. */
  readonly isTerminal?: boolean;
  /** Whether its reader can tell messages from access lines, so that messages need no room in the format of those. */
  readonly tellsMessages?: boolean;
  /** Called when lines are taken again after some were dropped. */
  onLost?: LostListener | undefined;
  /** Lines that nobody took, since it was opened. */
  readonly dropped?: number;
  /** Opens the file anew that it writes to. Absent where there is none. Resolves with what prevents it, or undefined. */
  reopen?(): Promise<string | undefined>;
  /** Gives back what it has opened, when all lines are written or after `limit` milliseconds (default ten seconds). Resolves then. */
  close?(limit?: number): Promise<void>;
}

/** Takes nothing. */
export const nowhere: LogSink = { write: () => undefined, flush: (done) => done(), flushSync: () => undefined };

/** The longest write to a pipe that is atomic (PIPE_BUF on Linux). */
const PIPE_BUFFER = 4096;

/** Standard output as {@link outputSink} writes it. */
export function stdoutSink(shared = false): LogSink {
  return outputSink(1, shared);
}

/** Standard error as {@link outputSink} writes it. */
export function stderrSink(shared = false): LogSink {
  return outputSink(2, shared);
}

/**
 * Writes to a descriptor without blocking. When its reader goes away, the program continues without a log.
 *
 * `shared` says that other processes write to it too. Writes to a file are atomic, those to a pipe or socket only up to
 * {@link PIPE_BUFFER} bytes. Lines go to pipes and sockets in writes of at most that length. So lines of two processes do not
 * mix, unless one is longer and the pipe is full.
 */
export function outputSink(descriptor: number, shared = false): LogSink {
  const kind = fstatSync(descriptor);
  if (!shared || !(kind.isFIFO() || kind.isSocket()))
    return new ByteOutput(descriptor, { isTerminal: isatty(descriptor) });
  const output = new ByteOutput(descriptor, { longest: PIPE_BUFFER });
  return splittingSink(output);
}

/** `ByteOutput` joins queued lines up to the length of one write, and never splits one. */
function splittingSink(output: ByteOutput): LogSink {
  return {
    write: (lines) => {
      for (const line of eachLine(lines)) output.write(line);
    },
    flush: (done) => output.flush(done),
    flushSync: (limit) => output.flushSync(limit),
    get isHeld() {
      return output.isHeld;
    },
    get dropped(): number {
      return output.dropped;
    },
    set onLost(listener: LostListener | undefined) {
      output.onLost = listener;
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

/** Bytes after which collected lines are written. */
const FULL = 64 * 1024;
/** Milliseconds after which collected lines are written. */
const LONGEST_WAIT = 200;
/** Milliseconds that `flush` waits for the reader of the log. */
const LONGEST_FLUSH = 1_000;

/** What this process adds to requests may come back in what a client or a server says. */
function withoutSecrets(lines: Buffer): Buffer {
  return secrets.isEmpty ? lines : secrets.redactBytes(lines);
}

/** Collects lines, because one write for many of them costs a fraction. */
export class LogBatch {
  readonly #sink: LogSink;
  readonly #lines = new LineBuffer();
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #push = (): void => this.push();

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** The buffer for lines. Whoever writes one into it calls `added`. */
  get lines(): LineBuffer {
    return this.#lines;
  }

  /** Adds a line, which may be delayed. */
  add(line: string): void {
    this.#lines.text(line);
    this.added();
  }

  /** Says that a line was written into `lines`. The line may be delayed. */
  added(): void {
    if (this.#lines.length >= FULL) this.push();
    else this.#timer ??= setTimeout(this.#push, LONGEST_WAIT).unref();
  }

  /** Writes a message at once, behind the collected lines. */
  message(line: string, level: keyof Logger): void {
    this.push();
    this.#sink.write(withoutSecrets(Buffer.from(line)), level);
  }

  /** Writes the collected lines. */
  push(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length > 0) this.#sink.write(withoutSecrets(this.#lines.take()));
  }

  /** Resolves when all lines are written, or after a second. */
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

  /** Whether people read it, on a terminal. */
  get isTerminal(): boolean {
    return this.#sink.isTerminal === true;
  }

  get isHeld(): boolean {
    return this.#sink.isHeld === true;
  }
}
