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
 * What a followed text does.
 *
 * ```
 *            asked           settled              looked, the file was settled
 *   waits ──────────▶ soon ───────────▶ looks ─────────────────────────────────▶ waits
 *     └──── after a minute ───────────────▲└── asked ──▶ looks-again ── looked ──▶ soon
 * ```
 *
 * `looks-again`: what was asked for meanwhile may have been read before it changed. `closed`: by its owner, from any other.
 */
type State = 'waits' | 'soon' | 'looks' | 'looks-again' | 'closed';

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
  #state: State = 'waits';

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
    this.#enter('closed');
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
    if (this.#state === 'waits') this.#wait('soon', this.#times.settle);
    else if (this.#state === 'looks') this.#enter('looks-again');
  }

  #enter(state: State): void {
    this.#state = state;
  }

  #wait(state: 'waits' | 'soon', milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#enter(state);
    this.#timer = setTimeout(() => void this.#look(), milliseconds).unref();
  }

  async #look(): Promise<void> {
    this.#enter('looks');
    // Between two steps of an editor there may be no file.
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (this.#state === 'closed') return;
    const isNew = text !== undefined && text !== this.#told;
    const isSettled = !isNew || text === this.#seen;
    this.#seen = text;
    const { settle, poll } = this.#times;
    if (!isSettled || this.#state === 'looks-again') this.#wait('soon', settle);
    else this.#wait('waits', poll);
    if (isNew && isSettled) {
      this.#told = text;
      this.#changed(text);
    }
  }
}
