/**
 * When a proxy is taken to wait for more of an input. Not after a time: on a busy machine everything takes long. But when so many others
 * have come and gone at the same proxy that it must have had time for this one, too.
 */
export class Patience {
  #finished = 0;
  readonly #others: number;
  readonly #longest: number;

  /** `others`: exchanges that must have ended meanwhile. `longest`: milliseconds after which it waits in any case. */
  constructor(others: number, longest: number) {
    this.#others = others;
    this.#longest = longest;
  }

  /** An exchange has ended because the proxy did something. */
  finished(): void {
    this.#finished += 1;
  }

  /** Watches one exchange. Calls `lost` once, unless it is stopped before. */
  watch(lost: () => void): Watch {
    let since = performance.now();
    let mark = this.#finished;
    const timer = setInterval(() => {
      const idle = performance.now() - since;
      if (idle < this.#longest && (idle < LOOK || this.#finished - mark < this.#others)) return;
      clearInterval(timer);
      lost();
    }, LOOK);
    return {
      happened: () => {
        since = performance.now();
        mark = this.#finished;
      },
      stop: () => clearInterval(timer),
    };
  }
}

export interface Watch {
  /** The proxy has done something. */
  happened(): void;
  stop(): void;
}

/** Milliseconds between two looks, and the least that a proxy has. */
const LOOK = 100;
