import type { StoreCalls } from '../base/store.ts';

/** The share of the newest call in the average. */
const NEWEST = 0.1;

/** Counts the calls of a store. Calls that were not made, because it is away, are none. */
export class CallCounts {
  #calls = 0;
  #failures = 0;
  #latency: number | undefined = undefined;
  #since = Date.now();
  #lastFailure: string | undefined = undefined;

  get all(): StoreCalls {
    const [calls, failures, latency] = [this.#calls, this.#failures, this.#latency];
    return { calls, failures, latency, since: this.#since, lastFailure: this.#lastFailure };
  }

  /** `took`: milliseconds. */
  answered(took: number): void {
    this.#calls += 1;
    this.#latency = this.#latency === undefined ? took : this.#latency + NEWEST * (took - this.#latency);
  }

  failed(error: unknown): void {
    this.#calls += 1;
    this.#failures += 1;
    this.#lastFailure = error instanceof Error ? error.message : String(error);
  }

  /** The store is here, or away, from now on. */
  turned(): void {
    this.#since = Date.now();
  }
}
