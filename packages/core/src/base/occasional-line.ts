/** Milliseconds that a flood of equal events gets one line for. */
const QUIET = 1_000;

/**
 * Lines of one kind that others can cause as often as they like: the first is written at once, then at most one a second,
 * with the number of those that got none (`unmentioned`). Whoever causes them must not fill the disk.
 */
export class OccasionalLine {
  readonly #write: (fields: object) => void;
  readonly #now: () => number;
  #quietUntil = -Infinity;
  #unmentioned = 0;

  constructor(write: (fields: object) => void, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
  }

  /** `fields` is only asked when the line is written. */
  tell(fields: () => object): void {
    const at = this.#now();
    if (at < this.#quietUntil) {
      this.#unmentioned += 1;
      return;
    }
    const unmentioned = this.#unmentioned;
    this.#quietUntil = at + QUIET;
    this.#unmentioned = 0;
    this.#write({ ...fields(), ...(unmentioned > 0 && { unmentioned }) });
  }
}
