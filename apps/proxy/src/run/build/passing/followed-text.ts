import type { Logger } from '@inband/core';
import type { SourcedValue } from '@inband/http-proxy';
import { statSync } from 'node:fs';
import { readLine } from '../../../config/read/line-file.ts';

/** Milliseconds between two checks of a file. */
const LOOK = 1_000;

interface FollowingOptions {
  /** Milliseconds. */
  readonly interval?: number;
  readonly note?: (text: string) => void;
}

function ignore(): void {}

/**
 * The only line of a file, as it is now. A new version is used when it is unchanged at two checks in a row, so that a half-written file is
 * not. While the file is wrong or missing, the line stays as it was. Neither errors nor the log have anything of the content.
 */
export class FollowedText implements SourcedValue {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  /** Told of each new line before it is used. */
  readonly #note: (text: string) => void;
  #text: string;
  /** The stamp of the version that was read last, valid or not. */
  #read: string;
  /** The stamp at the last check. */
  #seen: string;

  /** Throws a `ProxyError` if the file cannot be used. */
  constructor(path: string, logger: Logger, { interval = LOOK, note = ignore }: FollowingOptions = {}) {
    this.#path = path;
    this.#logger = logger;
    this.#note = note;
    this.#read = this.#seen = stampOf(path);
    this.#text = readLine(path);
    // This timer does not keep the process running.
    this.#timer = setInterval(() => this.#look(), interval).unref();
  }

  get text(): string {
    return this.#text;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const stamp = stampOf(this.#path);
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (!isSettled || stamp === this.#read) return;
    this.#read = stamp;
    try {
      const text = readLine(this.#path);
      this.#note(text);
      this.#text = text;
      this.#logger.info({ file: this.#path }, 'the file of a field value was read again');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#logger.warn(
        { file: this.#path, why },
        'the file of a field value cannot be used; the value stays as it was',
      );
    }
  }
}

function stampOf(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  // ctime changes also with permissions, and with a new file that has the mtime of the old one.
  return status === undefined ? 'none' : `${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
}
