/** The bounds of a delay, in milliseconds. */
export interface DelayBounds {
  readonly shortest: number;
  readonly longest: number;
}

/** A delay between retries that doubles until something succeeds. */
export class DoublingDelay {
  readonly #bounds: DelayBounds;
  #next: number;

  constructor(bounds: DelayBounds) {
    this.#bounds = bounds;
    this.#next = bounds.shortest;
  }

  /** Milliseconds until the next retry. */
  next(): number {
    const delay = this.#next;
    this.#next = Math.min(delay * 2, this.#bounds.longest);
    return delay;
  }

  reset(): void {
    this.#next = this.#bounds.shortest;
  }
}
