import { LimitError } from '../../base/errors.ts';
import type { DailyBytes } from './byte-options.ts';

const DAY = 86_400_000;

/** What is known of the bytes that somebody uses in a day. */
export interface DayUse {
  /** Bytes of today, as far as they were counted here. */
  readonly used: number;
  /** Why no more may be used. Undefined: there is something left, as far as is known. */
  refusal(limit: DailyBytes): QuotaRefusal | undefined;
  /** Counts bytes. Returns whether all of them are within the quota. */
  take(bytes: number, limit: DailyBytes): boolean;
  /** Seconds until the next day. */
  readonly left: number;
  /** It is dropped: what it holds of what others share is given back. */
  end(): Promise<void>;
}

/** Why a quota refuses. `uncounted`: nobody knows what others have used of it. */
export type QuotaRefusal = 'used-up' | 'uncounted';

/** Counts the bytes of a day in this process. Days begin at midnight UTC, whatever the time zone of the machine. */
export class DayCount implements DayUse {
  readonly #now: () => number;
  #day = 0;
  #used = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get used(): number {
    const day = Math.floor(this.#now() / DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#used = 0;
    }
    return this.#used;
  }

  refusal({ bytes }: DailyBytes): QuotaRefusal | undefined {
    return this.used >= bytes ? 'used-up' : undefined;
  }

  take(bytes: number, limit: DailyBytes): boolean {
    this.#used = this.used + bytes;
    return this.#used <= limit.bytes;
  }

  get left(): number {
    return Math.ceil((DAY - (this.#now() % DAY)) / 1000);
  }

  async end(): Promise<void> {}
}

/** Seconds for `Retry-After` while nobody knows what others have used. */
const ASKED_AGAIN = 10;

/** So many bytes a day, for one user, one client network or a whole service. */
export class Quota {
  readonly #day: DayUse;
  readonly #limit: DailyBytes;
  readonly #whose: string;
  readonly #setting: string;

  /** `day` outlives it. `whose`, as a sentence has it: `this user`. `setting`: the place of the limit. */
  constructor(day: DayUse, limit: DailyBytes, whose: string, setting: string) {
    this.#day = day;
    this.#limit = limit;
    this.#whose = whose;
    this.#setting = setting;
  }

  /** No more may be used, as far as is known. */
  get isUsedUp(): boolean {
    return this.#day.refusal(this.#limit) !== undefined;
  }

  /** Counts bytes. Returns whether all of them are within the quota. */
  take(bytes: number): boolean {
    return this.#day.take(bytes, this.#limit);
  }

  /** What a client is told whose bytes are beyond it. */
  error(): LimitError {
    const isUncounted = this.#day.refusal(this.#limit) === 'uncounted';
    const why = isUncounted ? 'cannot be counted at present, because the store is away' : 'is used up';
    const message = `The quota of ${this.#whose}, ${this.#limit.written}, ${why}.`;
    const retryAfter = isUncounted ? ASKED_AGAIN : this.#day.left;
    return new LimitError('http_request_denied', message, { status: 429, setting: this.#setting, retryAfter });
  }
}
