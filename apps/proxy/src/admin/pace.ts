/** The share of the event loop's time that answers may take. */
const SHARE = 0.01;
/** Milliseconds that every answer counts at least, because of its messages. */
const LEAST = 0.1;
/** Milliseconds of the longest pause after an answer, so that the next one comes in time. */
const LONGEST_PAUSE = 500;

/**
 * Begins tasks one after the other, with a pause after each that is so long that all of them together take {@link SHARE} of the time.
 * So whoever asks too much waits, and not the clients of the proxy. Only what is synchronous in a task counts.
 */
export class Pace {
  readonly #waiting: (() => void)[] = [];
  #isPausing = false;

  run(task: () => void): void {
    this.#waiting.push(task);
    if (!this.#isPausing) this.#next();
  }

  /** The same before those that wait, for what has to be known in time whoever asks for other things. */
  runNext(task: () => void): void {
    this.#waiting.unshift(task);
    if (!this.#isPausing) this.#next();
  }

  #next(): void {
    const task = this.#waiting.shift();
    this.#isPausing = task !== undefined;
    if (task === undefined) return;
    const begun = performance.now();
    task();
    const took = Math.max(performance.now() - begun, LEAST);
    setTimeout(() => this.#next(), Math.min(took / SHARE, LONGEST_PAUSE)).unref();
  }
}
