import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FollowTimes {
  /** Milliseconds between an event in its folder and a look, and between two looks that must find the same. */
  readonly settle: number;
  /** Milliseconds between two looks without an event: a network file system has none, nor has the other end of a link. */
  readonly poll: number;
}

const TIMES: FollowTimes = { settle: 200, poll: 60_000 };

/**
 * Reads a file again when something happens in its folder, and once a minute. The folder is watched and not the file, because files are
 * replaced by renaming others. It does not keep the process running.
 */
export class FollowedText {
  readonly #path: string;
  readonly #changed: (text: string) => void;
  readonly #times: FollowTimes;
  #told: string;
  /** What the last look found. */
  #seen: string | undefined = undefined;
  #watcher: FSWatcher | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isLooking = false;
  /** A look is due soon. */
  #isAsked = false;
  #isClosed = false;

  /** `text`: what was read before. `changed` gets each other text once, when it has been the same for two looks. */
  constructor(path: string, text: string, changed: (text: string) => void, times: Partial<FollowTimes> = {}) {
    this.#path = path;
    this.#told = text;
    this.#changed = changed;
    this.#times = { ...TIMES, ...times };
    this.#watch();
    this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #watch(): void {
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, () => this.#ask());
      // It is read once a minute then.
      watcher.on('error', () => watcher.close());
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (!this.#isLooking) this.#wait(this.#times.settle);
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), milliseconds).unref();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#isAsked = false;
    // Between two steps of an editor there may be no file.
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    this.#isLooking = false;
    if (this.#isClosed) return;
    const isNew = text !== undefined && text !== this.#told;
    const isSettled = !isNew || text === this.#seen;
    this.#seen = text;
    if (isNew && isSettled) {
      this.#told = text;
      this.#changed(text);
    }
    if (!isSettled) this.#isAsked = true;
    this.#wait(this.#isAsked ? this.#times.settle : this.#times.poll);
  }
}
