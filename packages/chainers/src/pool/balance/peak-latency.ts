/** Milliseconds in which what was seen before counts for 1/e. */
const DECAY = 10_000;
/** Milliseconds that a failure counts as at least, so that a server that fails at once is not the fastest one. */
const PENALTY = 1_000;

/**
 * Milliseconds until the first byte of an answer, as an average that rises at once and sinks slowly (peak EWMA, Finagle). Times are on one
 * clock, in milliseconds.
 */
export class PeakLatency {
  #value = 0;
  #at = 0;

  /** Undefined until something was seen. */
  value(now: number): number {
    return this.#value * Math.exp(-Math.max(0, now - this.#at) / DECAY);
  }

  answered(milliseconds: number, now: number): void {
    const kept = Math.exp(-Math.max(0, now - this.#at) / DECAY);
    // Rises to a peak at once.
    this.#value = milliseconds > this.#value ? milliseconds : this.#value * kept + milliseconds * (1 - kept);
    this.#at = now;
  }

  failed(now: number): void {
    this.answered(Math.max(PENALTY, 2 * this.value(now)), now);
  }
}
