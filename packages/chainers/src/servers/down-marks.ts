/** That a server has failed. Times are as of `Date.now`. */
export interface DownMark {
  readonly why: string;
  readonly since: number;
  readonly until: number;
}

/** The servers of a list that have failed, by their keys. */
export interface FailureMarks {
  all(): (readonly [key: string, mark: DownMark])[];
  /** The server is well, as far as is known. */
  clear(key: string): void;
}

interface Mark extends DownMark {
  /** The end, by `performance.now`. */
  readonly end: number;
}

/** Marks of servers that have failed (a passive health check), by a key of address and port. */
export class DownMarks implements FailureMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #stateTimeout: number;

  /** `stateTimeout`: milliseconds until a mark expires. */
  constructor(stateTimeout: number) {
    this.#stateTimeout = stateTimeout;
  }

  /** `why`: one sentence. */
  mark(key: string, why: string): void {
    const now = Date.now();
    const since = this.#marks.get(key)?.since ?? now;
    const end = performance.now() + this.#stateTimeout;
    this.#marks.set(key, { why, since, until: now + this.#stateTimeout, end });
  }

  clear(key: string): void {
    if (this.#marks.size > 0) this.#marks.delete(key);
  }

  has(key: string): boolean {
    // The usual case, and this is called for every request.
    if (this.#marks.size === 0) return false;
    const mark = this.#marks.get(key);
    if (mark === undefined) return false;
    if (performance.now() < mark.end) return true;
    this.#marks.delete(key);
    return false;
  }

  /** The keys that are marked now, each with its mark. */
  all(): [key: string, mark: DownMark][] {
    return [...this.#marks].filter(([key]) => this.has(key));
  }
}
