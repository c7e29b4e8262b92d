import { LimitError } from '../../base/errors.ts';
import type { DailyBytes } from './byte-options.ts';

const DAY = 86_400_000;

/** Counts the bytes of a day. Days begin at midnight UTC, whatever the time zone of the machine. */
export class DayCount {
  readonly #now: () => number;
  #day = 0;
  #used = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Bytes of today. */
  get used(): number {
    const day = Math.floor(this.#now() / DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#used = 0;
    }
    return this.#used;
  }

  add(bytes: number): void {
    this.#used = this.used + bytes;
  }

  /** Seconds until the next day. */
  get left(): number {
    return Math.ceil((DAY - (this.#now() % DAY)) / 1000);
  }
}

/** So many bytes a day, for one user, one client network or a whole service. */
export class Quota {
  readonly #count: DayCount;
  readonly #limit: DailyBytes;
  readonly #whose: string;
  readonly #setting: string;

  /** `count` outlives it. `whose`, as a sentence has it: `this user`. `setting`: the place of the limit. */
  constructor(count: DayCount, limit: DailyBytes, whose: string, setting: string) {
    this.#count = count;
    this.#limit = limit;
    this.#whose = whose;
    this.#setting = setting;
  }

  get isUsedUp(): boolean {
    return this.#count.used >= this.#limit.bytes;
  }

  /** Counts bytes. Returns whether all of them are within the quota. */
  take(bytes: number): boolean {
    this.#count.add(bytes);
    return this.#count.used <= this.#limit.bytes;
  }

  /** What a client is told whose bytes are beyond it. */
  error(): LimitError {
    const message = `The quota of ${this.#whose}, ${this.#limit.written}, is used up.`;
    const retryAfter = this.#count.left;
    return new LimitError('http_request_denied', message, { status: 429, setting: this.#setting, retryAfter });
  }
}
