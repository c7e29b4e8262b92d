import { DayCount, type DayUse } from './quota.ts';
import { Pace } from './pace.ts';

/** Accounts that are kept in one table, beside those that sessions use. */
export const MOST_ACCOUNTS = 65_536;

/** Accounts that are looked at when one is added: more than one, so that a table shrinks again. */
const SWEPT = 2;

/** Of so many a full table drops the one that has used least today. */
const COMPARED = 8;

/** The bytes of one user, one client network, or a whole service. */
export class Account {
  readonly key: string;
  /** Sessions that use it. */
  sessions = 0;
  readonly day: DayUse;
  #in: Pace | undefined = undefined;
  #out: Pace | undefined = undefined;

  constructor(key: string, day: DayUse) {
    this.key = key;
    this.day = day;
  }

  /** The pace of one way. What has begun at another rate, before a reload, goes on at that. */
  pace(way: 'in' | 'out', rate: number): Pace {
    const known = way === 'in' ? this.#in : this.#out;
    if (known?.rate === rate) return known;
    const pace = new Pace(rate);
    if (way === 'in') this.#in = pace;
    else this.#out = pace;
    return pace;
  }

  /** Nothing would differ if it were forgotten. */
  get isBlank(): boolean {
    if (this.sessions > 0 || this.day.used > 0) return false;
    return this.#in?.isFull !== false && this.#out?.isFull !== false;
  }
}

/** Accounts by key, in bounded memory. */
export class Accounts {
  readonly #newDay: (key: string) => DayUse;
  readonly #most: number;
  readonly #accounts = new Map<string, Account>();
  /** Goes around the accounts for ever. */
  #hand: Iterator<Account>;

  /** `newDay`: what counts the bytes of a day of `key`. */
  constructor(newDay: (key: string) => DayUse = () => new DayCount(), most = MOST_ACCOUNTS) {
    this.#newDay = newDay;
    this.#most = most;
    this.#hand = this.#accounts.values();
  }

  get size(): number {
    return this.#accounts.size;
  }

  of(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    for (let swept = 0; swept < SWEPT; swept += 1) {
      const account = this.#next();
      if (account?.isBlank === true) this.#accounts.delete(account.key);
    }
    if (this.#accounts.size >= this.#most) this.#dropLeast();
    const account = new Account(key, this.#newDay(key));
    this.#accounts.set(key, account);
    return account;
  }

  /** One that sessions use stays, so that there may be more accounts than `most` by as many as there are sessions. */
  #dropLeast(): void {
    let least: Account | undefined;
    for (let compared = 0; compared < COMPARED; compared += 1) {
      const account = this.#next();
      if (account === undefined || account.sessions > 0) continue;
      if (least === undefined || account.day.used < least.day.used) least = account;
    }
    if (least === undefined) return;
    this.#accounts.delete(least.key);
    void least.day.end();
  }

  #next(): Account | undefined {
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = this.#accounts.values();
    const first = this.#hand.next();
    return first.done === true ? undefined : first.value;
  }
}
