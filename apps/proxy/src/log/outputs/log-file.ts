import { type BigIntStats, close, constants, fstatSync, open, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { ByteOutput, type LostListener } from './byte-output.ts';
import type { LogSink } from './log-batch.ts';
import { report } from './report.ts';
import { rotate } from './rotate.ts';

/** Only its owner writes it, and only the group reads it, because it says who asked for what. */
const MODE = 0o640;
/** A named pipe without a reader is an error then, and a full one does not block. A file is not changed by it. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** Milliseconds until it is looked again what the path names. */
const LOOK = 1_000;
/** Milliseconds that `close` waits for a file that takes nothing. */
const LONGEST_CLOSE = 10_000;

/** When a file is put aside. */
export interface RotateOptions {
  /** Bytes, and milliseconds since it was made. */
  readonly size?: number | undefined;
  readonly age?: number | undefined;
  /** How many are kept. */
  readonly keep: number;
}

/**
 * The log in a file. Each line is appended, so several processes may write it. When its path names another file or none,
 * because somebody has put it aside or removed it, it is opened anew within a second.
 */
export class LogFile implements LogSink {
  readonly #path: string;
  #rotate: RotateOptions | undefined;
  readonly #output: ByteOutput;
  readonly #looking: NodeJS.Timeout | undefined;
  #descriptor: number;
  /** What identifies the open file, and when it was made or opened. */
  #identity: string;
  #made: number;
  #isBusy = false;
  #isClosed = false;
  #told: string | undefined = undefined;

  /** Throws when it cannot be opened. Of several processes only one is given `rotate`. It is looked at each `look` milliseconds. */
  constructor(path: string, rotateOptions?: RotateOptions, look = LOOK) {
    this.#path = path;
    this.#rotate = rotateOptions;
    this.#descriptor = openSync(path, FLAGS, MODE);
    const stats = fstatSync(this.#descriptor, { bigint: true });
    this.#identity = identityOf(stats);
    this.#made = timeOf(stats);
    this.#output = new ByteOutput(this.#descriptor, { isTerminal: isatty(this.#descriptor) });
    if (stats.isFile()) this.#looking = setInterval(() => void this.#look(), look).unref();
  }

  get isTerminal(): boolean {
    return this.#output.isTerminal;
  }

  get isHeld(): boolean {
    return this.#output.isHeld;
  }

  get dropped(): number {
    return this.#output.dropped;
  }

  set onLost(listener: LostListener | undefined) {
    this.#output.onLost = listener;
  }

  write(lines: Buffer): void {
    this.#output.write(lines);
  }

  flush(done: () => void): void {
    this.#output.flush(done);
  }

  flushSync(limit?: number): void {
    this.#output.flushSync(limit);
  }

  reopen(): Promise<string | undefined> {
    return new Promise((resolve) => {
      open(this.#path, FLAGS, MODE, (error, descriptor) => {
        if (error === null && this.#isClosed) close(descriptor);
        else if (error === null) this.#use(descriptor);
        resolve(error?.message);
      });
    });
  }

  /** When it is put aside from now on. Undefined: never. */
  rotateBy(options: RotateOptions | undefined): void {
    this.#rotate = options;
  }

  /** Stops looking, and closes the file when everything is written, or cannot be written in time. */
  async close(limit = LONGEST_CLOSE): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#looking);
    await this.#output.end(limit);
    // A write that hangs still uses it.
    if (!this.#output.isHeld) close(this.#descriptor);
  }

  #use(descriptor: number): void {
    const before = this.#descriptor;
    const stats = fstatSync(descriptor, { bigint: true });
    this.#descriptor = descriptor;
    this.#identity = identityOf(stats);
    this.#made = timeOf(stats);
    this.#output.redirect(descriptor, () => close(before));
  }

  /** Looks what the path names now. Not synchronously, because a file system may not answer. */
  async #look(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await this.#follow(await stat(this.#path, { bigint: true }).catch(() => undefined));
    this.#isBusy = false;
  }

  async #follow(stats: BigIntStats | undefined): Promise<void> {
    if (this.#isClosed) return;
    const isOurs = stats !== undefined && identityOf(stats) === this.#identity;
    if (isOurs && !this.#isDue(stats)) return;
    const hindered = isOurs && this.#rotate !== undefined ? await rotate(this.#path, this.#rotate.keep) : undefined;
    this.#tell(hindered ?? (await this.reopen()));
  }

  /** On standard error and once, because it is looked again every second. */
  #tell(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#told) {
      report(`The log goes on in the file that is open, because the next one cannot be made: ${problem}`);
    }
    this.#told = problem;
  }

  #isDue({ size }: BigIntStats): boolean {
    if (this.#rotate === undefined || size === 0n) return false;
    const { size: most = Infinity, age = Infinity } = this.#rotate;
    return Number(size) >= most || Date.now() - this.#made >= age;
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** When it was made; now, where the file system does not know. */
function timeOf({ birthtimeMs }: BigIntStats): number {
  return birthtimeMs > 0n ? Number(birthtimeMs) : Date.now();
}
