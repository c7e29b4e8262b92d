import { type FSWatcher, watch } from 'node:fs';

/** Gets one line where a folder cannot be watched. The fields come first, then the message. */
export interface FollowerLog {
  warn(fields: object, message: string): void;
}

/** What a look has found. */
export interface Looked {
  /** Whether files were as at the look before. Else another look follows soon. */
  readonly isSettled: boolean;
  /** The folders whose events say that there is something to look at. */
  readonly folders: readonly string[];
  /** How many files were looked at. */
  readonly files: number;
}

export interface FollowerTimes {
  /** Milliseconds between an event, or a look that was not settled, and the next look. */
  readonly settle: number;
  /** Milliseconds between two looks without an event. */
  readonly poll: number;
}

const TIMES: FollowerTimes = { settle: 200, poll: 60_000 };
/** Folders that are watched. The system has a limit for each user; those beyond are looked at without an event. */
const MOST_WATCHED = 1_000;
/** Milliseconds of `poll` for each file, so that many files cost no more processor time than few. */
const POLL_PER_FILE = 50;

/**
 * What a follower does.
 *
 * ```
 *            asked           settled              looked, all was settled
 *   waits ──────────▶ soon ───────────▶ looks ────────────────────────────▶ waits
 *     └──── after a minute ───────────────▲└── asked ──▶ looks-again ── looked ──▶ soon
 * ```
 *
 * - `waits`: for an event, or for the next look without one.
 * - `soon`: a look follows, when files have had time to settle.
 * - `looks-again`: what was asked for meanwhile may have been looked at before it changed.
 * - `closed`: by its owner, from any other.
 */
type State = 'waits' | 'soon' | 'looks' | 'looks-again' | 'closed';

/**
 * Looks at files again when something happens in their folders, and once a minute, because a network file system has no events, and
 * neither has a file behind a symbolic link to another folder. The folders are watched and not the files, because files are
 * replaced by renaming others. Its timers do not keep the process running.
 */
export class FileFollower {
  readonly #look: () => Promise<Looked>;
  readonly #log: FollowerLog;
  readonly #times: FollowerTimes;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #state: State = 'waits';
  #hasFailed = false;

  /** `look` never rejects. */
  constructor(look: () => Promise<Looked>, log: FollowerLog, times: Partial<FollowerTimes> = {}) {
    this.#look = look;
    this.#log = log;
    this.#times = { ...TIMES, ...times };
  }

  /** Watches `folders`, and looks at once for what has changed since the files were read. */
  start(folders: readonly string[]): void {
    if (this.#state === 'closed') return;
    this.#watch(folders);
    this.ask();
  }

  /** Has it look soon. */
  ask(): void {
    if (this.#state === 'waits') this.#wait('soon', this.#times.settle);
    else if (this.#state === 'looks') this.#enter('looks-again');
  }

  close(): void {
    this.#enter('closed');
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #enter(state: State): void {
    this.#state = state;
  }

  #wait(state: 'waits' | 'soon', milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#enter(state);
    this.#timer = setTimeout(() => void this.#run(), milliseconds).unref();
  }

  async #run(): Promise<void> {
    this.#enter('looks');
    const { isSettled, folders, files } = await this.#look();
    if (this.#state === 'closed') return;
    this.#watch(folders);
    const { settle, poll } = this.#times;
    if (!isSettled || this.#state === 'looks-again') this.#wait('soon', settle);
    else this.#wait('waits', Math.max(poll, files * POLL_PER_FILE));
  }

  #watch(all: readonly string[]): void {
    const folders = new Set(all.slice(0, MOST_WATCHED));
    for (const [folder, watcher] of this.#watchers) if (!folders.has(folder)) this.#drop(folder, watcher);
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  #add(folder: string): void {
    try {
      // Events of a symbolic link that leads elsewhere carry other names (Kubernetes renames `..data`), so names are not compared.
      const watcher = watch(folder, { persistent: false }, () => this.ask());
      this.#watchers.set(folder, watcher);
      watcher.on('error', (error) => {
        this.#drop(folder, watcher);
        this.#fail(folder, error);
      });
    } catch (error) {
      this.#fail(folder, error);
    }
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(folder);
  }

  #fail(folder: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#log.warn({ folder, err: error }, 'a folder cannot be watched; it is looked at once a minute');
  }
}
