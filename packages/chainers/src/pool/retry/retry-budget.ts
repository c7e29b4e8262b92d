/** Milliseconds for which a request, or a moment, earns retries. */
const WINDOW = 10_000;
/** Retries that each second earns, so that a pool with few requests can retry, too. */
const PER_SECOND = 3;

/**
 * How many requests a pool may send again, so that retries do not multiply the load of servers that fail because of it. Each request earns a
 * part of a retry, and each second three. What was not spent within ten seconds is lost. Times are in milliseconds on one clock.
 *
 * Over any time the retries are at most that part of the requests, plus three a second, plus the thirty of a pool that had none before.
 */
export class RetryBudget {
  readonly #part: number;
  #requests = 0;
  #earned = 0;
  /** When `#earned` was counted last. */
  #counted: number;

  /** `part`: retries for each request, from 0 to 1. */
  constructor(part: number, now: number) {
    this.#part = part;
    this.#counted = now - WINDOW;
  }

  /** A request begins. */
  request(): void {
    this.#requests += 1;
  }

  /** Takes one retry, if there is one. */
  take(now: number): boolean {
    this.#count(now);
    if (this.#earned < 1) return false;
    this.#earned -= 1;
    return true;
  }

  /** Requests are taken to have come evenly since the last time, so that they need no clock. */
  #count(now: number): void {
    const passed = now - this.#counted;
    const recent = Math.min(passed, WINDOW);
    const part = passed > WINDOW ? WINDOW / passed : 1;
    this.#earned *= 1 - recent / WINDOW;
    this.#earned += this.#requests * part * this.#part + (recent / 1_000) * PER_SECOND;
    this.#requests = 0;
    this.#counted = now;
  }
}
