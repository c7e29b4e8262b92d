import type { Logger } from '@inband/core';
import { StoreUnavailable, type UnavailableReason } from '../base/errors.ts';
import type { Entry, Revision, Watch, WatchListener } from '../base/store.ts';

/** Milliseconds after which what could not be read is read again. */
const AGAIN = 500;
/** With these reasons the store was not asked. */
const NOT_ASKED = new Set<UnavailableReason>(['away', 'closed']);

interface WatchesDeps {
  readonly logger: Logger;
  /** Milliseconds between two readings of a key of which nothing is heard. */
  readonly reread: number;
  readonly get: (key: string) => Promise<Entry | undefined>;
  readonly follow: (key: string) => void;
  readonly unfollow: (key: string) => void;
}

/**
 * Views of keys. What a backend says of a change is a hint only: the value is read, and a key of which nothing was heard is read now and
 * then. So a change is seen however the store lost its messages: restarted, wiped, failed over. The timer does not keep the process running.
 */
export class Watches {
  readonly #deps: WatchesDeps;
  readonly #byKey = new Map<string, WatchedKey>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #again: NodeJS.Timeout | undefined = undefined;

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
  }

  add(key: string, listener: WatchListener): Watch {
    let watched = this.#byKey.get(key);
    if (watched === undefined) {
      watched = new WatchedKey(key, this.#deps, () => this.#readAgain());
      this.#byKey.set(key, watched);
      this.#deps.follow(key);
    }
    this.#timer ??= setInterval(() => this.readAll(), this.#deps.reread).unref();
    return watched.add(listener, () => this.#drop(key));
  }

  /** Reads a key, of which the backend says that it has changed. */
  read(key: string): void {
    this.#byKey.get(key)?.read();
  }

  readAll(): void {
    for (const watched of this.#byKey.values()) watched.read();
  }

  close(): void {
    for (const watched of this.#byKey.values()) watched.close();
    this.#byKey.clear();
    this.#stopTimer();
  }

  #drop(key: string): void {
    this.#byKey.delete(key);
    this.#deps.unfollow(key);
    if (this.#byKey.size === 0) this.#stopTimer();
  }

  #readAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      for (const watched of this.#byKey.values()) if (watched.hasFailed) watched.read();
    }, AGAIN).unref();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    this.#timer = undefined;
    this.#again = undefined;
  }
}

/** One key with its listeners. One reading runs at a time; whatever is heard meanwhile leads to one more. */
class WatchedKey {
  readonly #key: string;
  readonly #deps: WatchesDeps;
  readonly #failed: () => void;
  /** With the revision that each was called with, null for nothing; undefined before the first call. */
  readonly #listeners = new Map<WatchListener, Revision | null | undefined>();
  #confirmed: number | undefined = undefined;
  #reading: 'no' | 'yes' | 'again' = 'no';
  #hasFailed = false;

  /** `failed`: it is to be read again soon. */
  constructor(key: string, deps: WatchesDeps, failed: () => void) {
    this.#key = key;
    this.#deps = deps;
    this.#failed = failed;
  }

  /** Whether the last reading was asked for, and not answered. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  add(listener: WatchListener, emptied: () => void): Watch {
    // Its own function for each watch, so that one function may watch twice.
    const own: WatchListener = (entry) => listener(entry);
    this.#listeners.set(own, undefined);
    this.read();
    const confirmed = (): number | undefined => this.#confirmed;
    return {
      get confirmed() {
        return confirmed();
      },
      stop: () => {
        if (this.#listeners.delete(own) && this.#listeners.size === 0) emptied();
      },
    };
  }

  close(): void {
    this.#listeners.clear();
  }

  read(): void {
    if (this.#reading === 'no') void this.#readOnce();
    else this.#reading = 'again';
  }

  async #readOnce(): Promise<void> {
    this.#reading = 'yes';
    try {
      const entry = await this.#deps.get(this.#key);
      this.#confirmed = performance.now();
      this.#tell(entry);
      this.#hasFailed = false;
    } catch (error) {
      this.#fail(error);
    }
    const again = this.#isToReadAgain();
    this.#reading = 'no';
    if (again && this.#listeners.size > 0) this.read();
  }

  /** That the store is away is said once, elsewhere. It is read again when it is back. */
  #fail(error: unknown): void {
    this.#hasFailed = this.#listeners.size > 0 && !(error instanceof StoreUnavailable && NOT_ASKED.has(error.reason));
    if (this.#hasFailed) this.#failed();
  }

  #isToReadAgain(): boolean {
    return this.#reading === 'again';
  }

  #tell(entry: Entry | undefined): void {
    const revision = entry?.revision ?? null;
    for (const [listener, known] of this.#listeners) {
      if (known === revision) continue;
      this.#listeners.set(listener, revision);
      try {
        listener(entry);
      } catch (error) {
        this.#deps.logger.error({ err: error, key: this.#key }, 'a listener of the store has thrown');
      }
    }
  }
}
