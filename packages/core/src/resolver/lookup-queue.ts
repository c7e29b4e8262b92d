import { type LookupBound, tooManyWaiting, waitedForTurn } from './dns-errors.ts';
import type { Lookup } from './lookup.ts';

/** How much may be looked up at once. */
export interface LookupLimits {
  /** Look-ups that run, in all. */
  readonly lookups: number;
  /** For one client, and never more than a quarter of what is left of `lookups`, or one. */
  readonly lookupsPerClient: number;
  /** Look-ups that wait for their turn, in all. */
  readonly waiting: number;
  readonly waitingPerClient: number;
  /** Milliseconds that one waits for its turn at most. */
  readonly waitTimeout: number;
}

/** One client's part. It exists only while it has look-ups. */
interface Account {
  readonly key: string;
  running: number;
  readonly waiting: Set<Lookup>;
}

interface Place {
  /** A look-up that several clients wait for waits in the line of each. */
  readonly accounts: Set<Account>;
  readonly timer: NodeJS.Timeout;
}

/**
 * One client may take this part of what is free. So with the defaults some 30 clients must have silent names looked up before
 * the next one finds nothing free, while a client that is alone is hardly bounded.
 */
const SHARE = 4;

/**
 * Gives look-ups their turns. Each client may take a part of what is free, so that whatever one of them has looked up in
 * vain, the next client's look-up runs at once. What must wait is taken from the clients in turns.
 */
export class LookupQueue {
  readonly #limits: LookupLimits;
  /** How many the resolver can run at once, if that is few. */
  readonly #concurrency: () => number | undefined;
  readonly #accounts = new Map<string, Account>();
  readonly #places = new Map<Lookup, Place>();
  /** Those with look-ups that wait; who is first has waited longest for a turn. */
  readonly #line = new Set<Account>();
  #running = 0;

  constructor(limits: LookupLimits, concurrency: () => number | undefined) {
    this.#limits = limits;
    this.#concurrency = concurrency;
  }

  /** Starts `lookup` on the account of `client`, now or when it is its turn. A look-up that ends is to be `forget`-ed. */
  add(lookup: Lookup, client: string): void {
    const account = this.#accountOf(client);
    if (account.running < this.#allowance()) return this.#start(lookup, account);
    const place = this.#places.get(lookup);
    if (place?.accounts.has(account) === true) return;
    const full = this.#whyFull(account, place !== undefined);
    if (full !== undefined) {
      this.#dropIfIdle(account);
      // Others may still wait for it.
      if (place === undefined) lookup.cancel(tooManyWaiting(lookup.host, full));
      return;
    }
    account.waiting.add(lookup);
    this.#line.add(account);
    if (place === undefined) this.#places.set(lookup, this.#place(lookup, account));
    else place.accounts.add(account);
  }

  /** Takes a look-up that is over out of every line. */
  forget(lookup: Lookup): void {
    const place = this.#places.get(lookup);
    if (place === undefined) return;
    clearTimeout(place.timer);
    this.#places.delete(lookup);
    for (const account of place.accounts) {
      account.waiting.delete(lookup);
      if (account.waiting.size === 0) this.#line.delete(account);
      this.#dropIfIdle(account);
    }
  }

  #place(lookup: Lookup, account: Account): Place {
    const { waitTimeout } = this.#limits;
    const timer = setTimeout(() => {
      lookup.cancel(waitedForTurn(lookup.host, waitTimeout, this.#whatIsFull(account)));
    }, waitTimeout);
    return { accounts: new Set([account]), timer };
  }

  get #capacity(): number {
    return Math.max(1, Math.min(this.#limits.lookups, this.#concurrency() ?? Infinity));
  }

  /** Who has fewer than that running may start another. */
  #allowance(): number {
    const free = this.#capacity - this.#running;
    return free <= 0 ? 0 : Math.min(this.#limits.lookupsPerClient, Math.max(1, Math.floor(free / SHARE)));
  }

  #start(lookup: Lookup, account: Account): void {
    this.#running += 1;
    account.running += 1;
    this.forget(lookup);
    lookup.start(() => {
      this.#running -= 1;
      account.running -= 1;
      this.#dropIfIdle(account);
      this.#next();
    });
  }

  /** The clients take turns: whoever got one goes to the end of the line. */
  #next(): void {
    for (const account of this.#line) {
      const allowance = this.#allowance();
      if (allowance <= 0) return;
      if (account.running >= allowance) continue;
      const [lookup] = account.waiting;
      this.#line.delete(account);
      if (lookup === undefined) continue;
      if (account.waiting.size > 1) this.#line.add(account);
      this.#start(lookup, account);
    }
  }

  #accountOf(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account = { key, running: 0, waiting: new Set<Lookup>() };
    this.#accounts.set(key, account);
    return account;
  }

  #dropIfIdle(account: Account): void {
    if (account.running === 0 && account.waiting.size === 0) this.#accounts.delete(account.key);
  }

  #whyFull(account: Account, hasPlace: boolean): LookupBound | undefined {
    const { waiting, waitingPerClient } = this.#limits;
    if (account.waiting.size >= waitingPerClient) {
      const reason = `${account.waiting.size} look-ups of this client wait for their turn already`;
      return { setting: 'resolver.limits.waitingPerClient', reason };
    }
    if (hasPlace || this.#places.size < waiting) return undefined;
    return { setting: 'resolver.limits.waiting', reason: `${this.#places.size} look-ups wait for their turn already` };
  }

  #whatIsFull(account: Account): LookupBound {
    const { lookups, lookupsPerClient } = this.#limits;
    const own = `${account.running} of this client`;
    const all = `${this.#running} in all`;
    if (this.#capacity < lookups) {
      const reason = `the resolver runs only ${this.#capacity} look-ups at once, and was busy with ${own} and ${all}`;
      return { setting: 'resolver.type', reason };
    }
    const setting = account.running >= lookupsPerClient ? 'lookupsPerClient' : 'lookups';
    return { setting: `resolver.limits.${setting}`, reason: `${own} were being looked up, and ${all}` };
  }
}
