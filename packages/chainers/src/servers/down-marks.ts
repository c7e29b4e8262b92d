/** Marks of servers that have failed (a passive health check), by a key of address and port. */
export class DownMarks {
  /** The end of each mark, by `performance.now`. */
  readonly #until = new Map<string, number>();
  readonly #stateTimeout: number;

  /** `stateTimeout`: milliseconds until a mark expires. */
  constructor(stateTimeout: number) {
    this.#stateTimeout = stateTimeout;
  }

  mark(key: string): void {
    this.#until.set(key, performance.now() + this.#stateTimeout);
  }

  clear(key: string): void {
    if (this.#until.size > 0) this.#until.delete(key);
  }

  has(key: string): boolean {
    // The usual case, and this is called for every request.
    if (this.#until.size === 0) return false;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (performance.now() < until) return true;
    this.#until.delete(key);
    return false;
  }
}
