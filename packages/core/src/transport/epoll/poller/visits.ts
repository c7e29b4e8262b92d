import type { Watched } from './watched.ts';

/** Milliseconds from the first request to the visit. */
const AFTER = 5_000;
/** Descriptors that are visited at one time, and milliseconds to the next ones, so that thousands do not hold up the rest. */
const AT_ONCE = 256;
const PAUSE = 10;

/**
 * Visits all owners of descriptors once, some seconds after somebody asked for it: for what is only done for connections that have
 * lived for a while. Most do not, and nothing has to be kept for them.
 */
export class Visits {
  /** By descriptor. */
  readonly #watched: readonly (Watched | undefined)[];
  #timer: NodeJS.Timeout | undefined = undefined;
  /** The next descriptor. 0 between two rounds. */
  #next = 0;
  /** Whether an owner asked whose descriptor may have been passed in this round, so that there is another one. */
  #again = false;

  constructor(watched: readonly (Watched | undefined)[]) {
    this.#watched = watched;
  }

  /** Has `onVisit` called, of all owners that there are then. Does not keep the process alive. */
  request(): void {
    this.#again = this.#next > 0;
    if (this.#timer === undefined) this.#visitAfter(AFTER);
  }

  /** There is nobody left to visit. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = 0;
    this.#again = false;
  }

  #visitAfter(milliseconds: number): void {
    this.#timer = setTimeout(this.#visit, milliseconds).unref();
  }

  readonly #visit = (): void => {
    const end = Math.min(this.#next + AT_ONCE, this.#watched.length);
    for (let descriptor = this.#next; descriptor < end; descriptor += 1) this.#watched[descriptor]?.onVisit();
    if (end < this.#watched.length) {
      this.#next = end;
      this.#visitAfter(PAUSE);
      return;
    }
    this.#next = 0;
    this.#timer = undefined;
    if (this.#again) this.request();
  };
}
