import { stampOf } from '../config/read/bounded-file.ts';
import { ListFileError } from '../config/lists/list-file-error.ts';

/** The stamp of a file that could not be read. */
const UNREAD = 'unread';

/** Milliseconds between two checks of a file. */
export const LOOK_INTERVAL = 1_000;

export interface FollowedFileOptions {
  readonly path: string;
  /** Of the version that is in use. */
  readonly stamp: string;
  /** Reads and uses a new version. May reject with a {@link ListFileError}. */
  readonly use: () => Promise<void>;
  /** Called once for each version that cannot be used. */
  readonly complain: (problems: readonly string[]) => void;
}

/**
 * Follows a file of networks or hosts. A new version replaces the old one when it is unchanged at two checks in a row, so that a
 * half-written file is not used. While a file is wrong or missing, the old version stays in use.
 */
export class FollowedFile {
  readonly #options: FollowedFileOptions;
  /** The stamp of the version that was read last, valid or not. */
  #read: string;
  /** The stamp at the last check. */
  #seen: string;
  /** What was said last about a file that cannot be used. */
  #said: string | undefined = undefined;

  constructor(options: FollowedFileOptions) {
    this.#options = options;
    this.#read = options.stamp;
    this.#seen = options.stamp;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const stamp = await stampOf(this.#options.path).catch(() => 'none');
    const settled = stamp === this.#seen;
    this.#seen = stamp;
    if (!settled || stamp === this.#read) return;
    // The problems of another version are said again.
    if (this.#read !== UNREAD) this.#said = undefined;
    this.#read = stamp;
    try {
      await this.#options.use();
      this.#said = undefined;
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const problems = error instanceof ListFileError ? error.problems : [String(error)];
    // A file that could not be read may become readable without a change, so it is read again at each check. It is said once.
    if (!(error instanceof ListFileError) || error.unread) this.#read = UNREAD;
    const text = problems.join();
    if (text === this.#said) return;
    this.#said = text;
    this.#options.complain(problems);
  }
}
