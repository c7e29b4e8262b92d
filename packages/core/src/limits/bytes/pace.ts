import { iterationTime } from '../../base/iteration-clock.ts';
import { Gate } from './gate.ts';

/** Milliseconds whose bytes may be read at once after a pause, and those after which it is worth to go on. */
const BURST = 200;
const SLICE = 10;

/** The least burst, in bytes, so that a short answer does not wait. */
const LEAST_BURST = 16 * 1024;

/**
 * So many bytes per second. What is read beyond it is a debt that is waited for, so that the average is kept whatever one read brings. After a pause
 * a fifth of a second's bytes may be read at once.
 */
export class Pace extends Gate {
  /** Bytes per second. */
  readonly rate: number;
  readonly #now: () => number;
  readonly #burst: number;
  #credit: number;
  #at: number;

  /** `now`: milliseconds, of a clock that does not go back. */
  constructor(rate: number, now: () => number = iterationTime) {
    super();
    this.rate = rate;
    this.#now = now;
    this.#burst = Math.max(LEAST_BURST, (rate * BURST) / 1000);
    this.#credit = this.#burst;
    this.#at = now();
  }

  get credit(): number {
    const now = this.#now();
    if (now > this.#at) {
      this.#credit = Math.min(this.#burst, this.#credit + ((now - this.#at) * this.rate) / 1000);
      this.#at = now;
    }
    return this.#credit;
  }

  /** Nothing is owed, so that a new one would be the same. */
  get isFull(): boolean {
    return this.credit >= this.#burst;
  }

  take(bytes: number): void {
    this.#credit = this.credit - bytes;
  }

  protected get delay(): number {
    return SLICE - (this.credit * 1000) / this.rate;
  }
}
