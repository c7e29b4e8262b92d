/** Seconds of which outcomes are remembered. */
const SECONDS = 10;

/** How many sessions succeeded and failed in the last ten seconds, in a ring of seconds. Times are in milliseconds on one clock. */
export class Outcomes {
  readonly #succeeded = new Uint32Array(SECONDS);
  readonly #failed = new Uint32Array(SECONDS);
  #second = 0;

  add(isSuccess: boolean, now: number): void {
    this.#forgetUntil(Math.floor(now / 1_000));
    const counts = isSuccess ? this.#succeeded : this.#failed;
    const place = this.#second % SECONDS;
    counts[place] = (counts[place] ?? 0) + 1;
  }

  /** What is remembered at `now`. */
  at(now: number): { readonly all: number; readonly failed: number } {
    this.#forgetUntil(Math.floor(now / 1_000));
    const failed = sum(this.#failed);
    return { all: failed + sum(this.#succeeded), failed };
  }

  clear(): void {
    this.#succeeded.fill(0);
    this.#failed.fill(0);
  }

  #forgetUntil(second: number): void {
    const passed = Math.min(SECONDS, second - this.#second);
    for (let step = 1; step <= passed; step += 1) {
      const place = (this.#second + step) % SECONDS;
      this.#succeeded[place] = 0;
      this.#failed[place] = 0;
    }
    if (second > this.#second) this.#second = second;
  }
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
