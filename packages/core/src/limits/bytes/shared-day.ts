import { type Asker, type Asking, NEVER, PACE, SOONEST } from '../shared/asking.ts';
import type { Counted, Lender } from '../shared/lender.ts';
import type { DailyBytes } from './byte-options.ts';
import type { DayUse, QuotaRefusal } from './quota.ts';

/** Bytes that are taken in advance at least: about what one read brings at most. */
const LEAST_LEASE = 256 * 1024;
/** What is taken in advance lasts for so many times {@link PACE} at the speed of the last one. */
const LASTS = 2;
/** Milliseconds after which somebody is asked again who did not answer, or has said that it is used up. */
const AGAIN = 1_000;
const DAY = 86_400_000;

export interface SharedDayDeps {
  readonly lender: Lender;
  readonly asking: Asking;
  /** Among all that is shared: `web/perUser.quota/ci`. */
  readonly key: string;
  /** Milliseconds, of a clock that does not go back. */
  readonly now: () => number;
}

/**
 * Counts the bytes of a day over several processes. Bytes are taken in advance, as many as pass in a fifth of a second, and spent without asking. What
 * passes before an answer is counted afterwards. So all together use more than the quota by what passes while the lender answers, at most, and
 * somebody may be refused while others have not spent what they took. The day is that of the lender.
 *
 * If the lender does not answer, what was taken is spent; then nothing more passes of a hard quota, and everything of a soft one, which is counted
 * once the lender is back.
 */
export class SharedDay implements DayUse, Asker {
  askedAt = NEVER;
  dueAt = Infinity;
  readonly #deps: SharedDayDeps;
  readonly #now: () => number;
  #used = 0;
  /** Taken in advance, and not spent. */
  #lease = 0;
  /** Spent beyond it, and not counted by the lender yet. */
  #owed = 0;
  /** What all have used today, when the lender answered last. Undefined: it has not. */
  #total: number | undefined = undefined;
  /** The number of the day, and when it ends, on the clock of `now`. */
  #day = 0;
  #endsAt = Infinity;
  /** The quota that was asked for last. */
  #most = 0;
  /** What is wanted in advance. */
  #chunk = LEAST_LEASE;
  /** Bytes that have passed since it has asked, and when that was. */
  #passed = 0;
  #since: number;
  /** The lender has not answered, so that nobody knows whether it has counted what it was told. */
  #isAway = false;
  #asking: Promise<void> | undefined = undefined;
  #isWanted = false;

  constructor(deps: SharedDayDeps) {
    this.#deps = deps;
    this.#now = deps.now;
    this.#since = this.#now();
  }

  get used(): number {
    this.#beginDay();
    return this.#used;
  }

  refusal({ bytes, soft = false }: DailyBytes): QuotaRefusal | undefined {
    this.#beginDay();
    this.#most = bytes;
    if (this.#lease > 0) return undefined;
    if (this.#isAway) {
      this.#request(AGAIN);
      return soft ? undefined : 'uncounted';
    }
    const isUsedUp = this.#total !== undefined && this.#total + this.#owed >= bytes;
    this.#request(isUsedUp ? AGAIN : PACE);
    return isUsedUp ? 'used-up' : undefined;
  }

  take(count: number, { bytes, soft = false }: DailyBytes): boolean {
    this.#beginDay();
    this.#most = bytes;
    this.#used += count;
    this.#passed += count;
    const spent = Math.min(count, this.#lease);
    this.#lease -= spent;
    this.#owed += count - spent;
    if (this.#lease < this.#chunk / 2) this.#request(this.#pause);
    if (this.#owed === 0) return true;
    if (this.#isAway) return soft;
    // Until there is an answer, nobody is ended who may have something left.
    return this.#total === undefined || this.#total + this.#owed <= bytes;
  }

  get left(): number {
    const left = this.#endsAt === Infinity ? DAY - (Date.now() % DAY) : this.#endsAt - this.#now();
    return Math.max(1, Math.ceil(left / 1_000));
  }

  ask(): boolean {
    if (this.#asking !== undefined) return true;
    this.#beginDay();
    const passed = this.#passed;
    const time = this.#now() - this.#since;
    this.#passed = 0;
    this.#since += time;
    if (this.#isWanted || this.#owed > 0) {
      this.#isWanted = false;
      // What was told to a lender that did not answer is not told again before it answers.
      if (this.#isAway) void this.#count(0, 0);
      else void this.#count(this.#owed, this.#wanted((passed * PACE) / Math.max(time, PACE)));
      return true;
    }
    if (passed === 0 && this.#lease > 0) void this.end();
    return passed > 0;
  }

  async end(): Promise<void> {
    await this.#asking;
    if (this.#lease === 0 && this.#owed === 0) return;
    const unspent = this.#lease;
    this.#lease = 0;
    await this.#count(this.#owed - unspent, 0);
  }

  /** Bytes to take in advance, where so many passed in {@link PACE}. Never more than a part of what is left, so that others have some as well. */
  #wanted(speed: number): number {
    this.#chunk = Math.max(LEAST_LEASE, Math.ceil(speed * LASTS));
    const left = this.#most - (this.#total ?? 0) - this.#owed;
    return Math.max(0, Math.min(this.#chunk - this.#lease, Math.ceil(left / (2 * this.#deps.lender.parties))));
  }

  #count(told: number, wanted: number): Promise<void> {
    this.#asking = this.#asked(told, wanted);
    return this.#asking;
  }

  async #asked(told: number, wanted: number): Promise<void> {
    const { lender, key } = this.#deps;
    const of = told < 0 ? this.#day : undefined;
    const counted = await lender.count(key, this.#most, told, wanted, of);
    this.#asking = undefined;
    this.#isAway = counted === undefined;
    if (counted !== undefined) this.#learn(counted, Math.max(0, told));
    if (this.#isWanted || (this.#owed > 0 && !this.#isAway)) this.#deps.asking.request(this, this.#pause);
  }

  /** Milliseconds between two questions. */
  get #pause(): number {
    if (this.#isAway) return AGAIN;
    return this.#owed > 0 ? SOONEST : PACE;
  }

  #learn({ granted, total, of, left }: Counted, told: number): void {
    if (of !== this.#day) this.#forgetDay();
    this.#day = of;
    this.#endsAt = this.#now() + left;
    this.#total = total;
    this.#owed -= told;
    // What has passed meanwhile is spent of what was got.
    const spent = Math.min(granted, this.#owed);
    this.#owed -= spent;
    this.#lease += granted - spent;
  }

  #beginDay(): void {
    if (this.#now() >= this.#endsAt) this.#forgetDay();
  }

  #forgetDay(): void {
    this.#used = 0;
    this.#lease = 0;
    this.#total = undefined;
    this.#endsAt = Infinity;
  }

  #request(delay: number): void {
    this.#isWanted = true;
    if (this.#asking === undefined) this.#deps.asking.request(this, delay);
  }
}
