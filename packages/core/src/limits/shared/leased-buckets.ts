import { BucketTable } from '../rates/bucket-table.ts';
import { MOST_BUCKETS, type RateBuckets } from '../rates/buckets.ts';
import { debtAt, giveBackTo, type Rate, type Taken, takeFrom } from '../rates/gcra.ts';
import { type LeasedBucket, learn, unknownBucket, wantedOf } from './leased-bucket.ts';
import type { Leased, Lender } from './lender.ts';
import { advanceOf, LEASE_TIME, microseconds, PATIENT_PAUSE, pauseOf, shareTime } from './terms.ts';

/** Milliseconds that are told to whoever is refused because limits are closed. */
const CLOSED_WAIT = 1_000;

export interface LeasedBucketsDeps {
  /** Milliseconds, of a clock that does not go back. */
  readonly now: () => number;
  readonly lender: Lender;
  /** From 0 to 1, so that not all ask at the same time. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Buckets that are kept at most. Default: {@link MOST_BUCKETS}, about 280 bytes each. */
  readonly most?: number | undefined;
}

/**
 * Buckets that are shared with other processes or machines. Nothing waits for the {@link Lender}: what is spent was leased before, and where
 * it was not, it is spent in advance and charged by the next question. So in any time `t`, all together take no more than
 * `burst + t * amount / per + processes * (advance + lease)` ({@link advanceOf}, `mostLeased`), and on average exactly the rate. With
 * patience, what waits is charged in advance as well; beyond the advance it takes its place in the queue as if all others queued as much.
 */
export class LeasedBuckets implements RateBuckets {
  readonly #now: () => number;
  readonly #lender: Lender;
  readonly #random: () => number;
  readonly #name: string;
  readonly #table: BucketTable<LeasedBucket>;
  readonly #taken = { allowed: false, retryAfter: 0, remaining: 0 };
  /** The last answer was that nothing may be spent in advance. */
  #isClosed = false;

  /** `name`: that of the limit among all that are shared, such as `web/perClient.requests`. All calls have the same rate. */
  constructor(name: string, { now, lender, random = Math.random, most = MOST_BUCKETS }: LeasedBucketsDeps) {
    this.#name = name;
    this.#now = now;
    this.#lender = lender;
    this.#random = random;
    this.#table = new BucketTable(most, (bucket, rate) => this.#isSettled(bucket, rate));
  }

  get size(): number {
    return this.#table.size;
  }

  take(key: string, rate: Rate, n: number, patience = 0): Taken {
    const bucket = this.#table.get(key) ?? this.#add(key, rate);
    bucket.asked += n;
    if (bucket.lease < n) return this.#takeInAdvance(bucket, rate, n, patience);
    bucket.lease -= n;
    if (bucket.lease <= bucket.low) this.#askIfDue(bucket, rate, this.#now(), patience);
    const taken = this.#taken;
    taken.allowed = true;
    taken.retryAfter = 0;
    taken.remaining = bucket.lease;
    return taken;
  }

  giveBack(key: string, rate: Rate, n: number): void {
    const bucket = this.#table.get(key);
    if (bucket === undefined) return;
    if (bucket.owed - bucket.sent < n) {
      bucket.lease += n;
      return;
    }
    bucket.owed -= n;
    giveBackTo(bucket, rate, n);
  }

  #add(key: string, rate: Rate): LeasedBucket {
    const bucket = unknownBucket(key, this.#now());
    this.#table.add(bucket, rate);
    return bucket;
  }

  /** A bucket is not forgotten while it owes something. */
  #isSettled(bucket: LeasedBucket, rate: Rate): boolean {
    if (bucket.owed > 0) this.#askIfDue(bucket, rate, this.#now(), 0);
    return bucket.owed === 0 && !bucket.isAsking;
  }

  #takeInAdvance(bucket: LeasedBucket, rate: Rate, n: number, patience: number): Taken {
    const now = this.#now();
    const taken = this.#taken;
    debtAt(bucket, rate, microseconds(now));
    if (this.#isClosed) refuse(bucket, rate, n, CLOSED_WAIT, taken);
    else if (bucket.owed + n <= Math.max(n, this.#mostOwed(bucket, rate, now)))
      takeFrom(bucket, rate, n, patience, taken);
    else if (patience > 0) takeFrom(bucket, rate, n * this.#lender.parties, patience, taken);
    else refuse(bucket, rate, n, this.#wait(bucket, rate, n, now), taken);
    if (taken.allowed) bucket.owed += n;
    if (bucket.owed > 0 || this.#isClosed) this.#askIfDue(bucket, rate, now, patience);
    return taken;
  }

  /** What the bucket may owe: the whole advance, or its part of what the rate has given since the answer that nothing is left. */
  #mostOwed(bucket: LeasedBucket, rate: Rate, now: number): number {
    const { parties } = this.#lender;
    const advance = advanceOf(rate, parties);
    if (!bucket.isShort) return advance;
    return Math.min(advance, 1 + Math.floor((now - bucket.answered) / shareTime(rate, parties)));
  }

  /** Milliseconds until the bucket may owe `n` more, if its lender says nothing else until then. */
  #wait(bucket: LeasedBucket, rate: Rate, n: number, now: number): number {
    if (!bucket.isShort) return LEASE_TIME;
    const time = (bucket.owed + n - 1) * shareTime(rate, this.#lender.parties);
    return Math.max(1, Math.ceil(bucket.answered + time - now));
  }

  #askIfDue(bucket: LeasedBucket, rate: Rate, now: number, patience: number): void {
    if (bucket.isAsking) return;
    const again = patience > 0 ? Math.min(bucket.again, bucket.answered + PATIENT_PAUSE) : bucket.again;
    if (now < again) return;
    if (bucket.owed === 0 && wantedOf(bucket, rate, now) === 0 && !this.#isClosed) return;
    bucket.isAsking = true;
    // Later, because whoever takes of several limits may give back, and more may be taken at the same time.
    queueMicrotask(() => void this.#ask(bucket, rate));
  }

  /** While limits are closed it wants something, because a store that can only be read answers whoever wants nothing. */
  async #ask(bucket: LeasedBucket, rate: Rate): Promise<void> {
    const wanted = Math.max(wantedOf(bucket, rate, this.#now()), this.#isClosed ? 1 : 0);
    bucket.sent = bucket.owed;
    const leased = await this.#leased(bucket, rate, wanted);
    const now = this.#now();
    bucket.owed -= bucket.sent;
    bucket.isAsking = false;
    bucket.answered = now;
    bucket.again = now;
    if (leased === undefined) decideAlone(bucket, rate, this.#lender.parties);
    else {
      this.#isClosed = leased.closed === true;
      learn(bucket, rate, wanted, leased, now);
    }
    bucket.sent = 0;
    if (leased === undefined || bucket.isShort) bucket.again += pauseOf(rate) * (0.75 + this.#random() / 2);
    else if (bucket.owed > 0) this.#askIfDue(bucket, rate, now, 0);
  }

  async #leased(bucket: LeasedBucket, rate: Rate, wanted: number): Promise<Leased | undefined> {
    try {
      return await this.#lender.lease(`${this.#name}/${bucket.key}`, rate, bucket.sent, wanted);
    } catch {
      return undefined;
    }
  }
}

/** Nothing is taken. `wait`: milliseconds that are told at least. */
function refuse(
  bucket: LeasedBucket,
  rate: Rate,
  n: number,
  wait: number,
  taken: { -readonly [Key in keyof Taken]: Taken[Key] },
): void {
  takeFrom(bucket, rate, n, 0, taken);
  if (taken.allowed) giveBackTo(bucket, rate, n);
  taken.allowed = false;
  taken.retryAfter = Math.max(taken.retryAfter, wait);
  taken.remaining = 0;
}

/** Its lender failed, which it should not. So the bucket is that of this process, at the rate and the burst divided by `parties`. */
function decideAlone(bucket: LeasedBucket, { per }: Rate, parties: number): void {
  bucket.isShort = false;
  bucket.debt += bucket.sent * per * 1_000 * (parties - 1);
}
