import { stat } from 'node:fs/promises';

/** Milliseconds between two looks. */
const LOOK = 1_000;
/** The stamp of a file that could not be read: it may become readable without a change. */
const UNREAD = 'unread';

interface Following {
  /** Reads the file, and resolves with the stamp of what it has read. */
  readonly again: () => Promise<string>;
  /** The new version cannot be used. Called once for each reason in a row. */
  readonly refused: (why: string) => void;
  readonly interval: number | undefined;
}

/**
 * Looks whether a file has changed. A new version is read when it is unchanged at two looks in a row, so that a half-written file is not. The
 * timer does not keep the process running.
 */
export class FollowedFile {
  readonly #path: string;
  readonly #following: Following;
  #used: string;
  #seen: string;
  #said: string | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  constructor({ path, stamp }: { readonly path: string; readonly stamp: string }, following: Following) {
    this.#path = path;
    this.#following = following;
    this.#used = stamp;
    this.#seen = stamp;
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#following.interval ?? LOOK).unref();
  }

  async #look(): Promise<void> {
    const stamp = await stampOf(this.#path);
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (isSettled && stamp !== this.#used && !this.#isClosed) await this.#read(stamp);
    this.#wait();
  }

  async #read(stamp: string): Promise<void> {
    try {
      this.#used = await this.#following.again();
      this.#said = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#used = error instanceof Error && 'unread' in error && error.unread === true ? UNREAD : stamp;
      if (why !== this.#said) this.#following.refused(why);
      this.#said = why;
    }
  }
}

/** As `readBounded` of the program makes it; `none` where there is no file. */
async function stampOf(path: string): Promise<string> {
  try {
    const status = await stat(path, { bigint: true });
    if (!status.isFile()) return 'none';
    return `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
  } catch {
    return 'none';
  }
}
