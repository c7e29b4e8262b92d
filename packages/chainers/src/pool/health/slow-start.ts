/** In so many steps a server gets its weight. Each step makes the balancer anew. */
const STEPS = 10;
/** The part of its weight with which it begins, and what each step adds, in hundredths. */
const LEAST = 10;
const MORE = (100 - LEAST) / STEPS;

/** A server that comes, or comes back, gets its weight little by little, so that cold caches do not slow everybody. Times are in milliseconds. */
export class SlowStart {
  readonly #duration: number;
  /** Undefined while it has all of its weight. */
  #since: number | undefined = undefined;

  /** `duration`: 0 for none. */
  constructor(duration: number) {
    this.#duration = duration;
  }

  begin(now: number): void {
    this.#since = this.#duration > 0 ? now : undefined;
  }

  /** The part of its weight that it has now. */
  share(now: number): number {
    if (this.#since === undefined) return 1;
    const step = Math.floor(((now - this.#since) * STEPS) / this.#duration);
    if (step >= STEPS) {
      this.#since = undefined;
      return 1;
    }
    return (LEAST + MORE * step) / 100;
  }

  /** When it gets more; undefined if it has all. */
  nextStep(now: number): number | undefined {
    if (this.#since === undefined) return undefined;
    const step = this.#duration / STEPS;
    return this.#since + (Math.floor((now - this.#since) / step) + 1) * step;
  }
}
