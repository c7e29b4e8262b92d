/** Milliseconds after a line during which no further one is written. */
const INTERVAL = 1_000;

/**
 * Limits the rate of a log line that clients can cause as often as they like, so that they cannot fill the disk. The first
 * line is written at once, then at most one per second. `unmentioned` is the number of events since the line before that
 * got no line.
 */
export class RateLimitedLine {
  readonly #write: (fields: object) => void;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #unmentioned = 0;

  constructor(write: (fields: object) => void, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
  }

  /** Logs an event, and returns whether its line was written. `fields` is only called then. */
  log(fields: () => object): boolean {
    const at = this.#now();
    if (at < this.#nextAt) {
      this.#unmentioned += 1;
      return false;
    }
    const unmentioned = this.#unmentioned;
    this.#nextAt = at + INTERVAL;
    this.#unmentioned = 0;
    this.#write({ ...fields(), ...(unmentioned > 0 && { unmentioned }) });
    return true;
  }
}
