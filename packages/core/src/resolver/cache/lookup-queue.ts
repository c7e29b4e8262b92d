import { type LookupBound, queueFull, queueTimedOut } from '../dns-errors.ts';
import type { ProxyError } from '../../base/errors.ts';
import type { Lookup } from './lookup.ts';
import type { ResolverWatcher } from '../resolver-watcher.ts';

/** The limits of concurrent look-ups. */
export interface LookupLimits {
  /** Running look-ups of all clients. */
  readonly lookups: number;
  /** Running look-ups of one client. It also gets at most a quarter of what is free of `lookups`, but at least one. */
  readonly lookupsPerClient: number;
  /** Queued look-ups of all clients. */
  readonly waiting: number;
  /** Queued look-ups of one client. */
  readonly waitingPerClient: number;
  /** The longest time in the queue, in milliseconds. */
  readonly waitTimeout: number;
}

/** The look-ups of one client. It exists only while the client has any. */
interface Account {
  readonly key: string;
  running: number;
  readonly waiting: Set<Lookup>;
}

/** A queued look-up. */
interface Place {
  /** The clients that the look-up is queued for. */
  readonly accounts: Set<Account>;
  readonly timer: NodeJS.Timeout;
}

/**
 * A client may take one part in this many of the free places. With the defaults about 30 clients must look up names whose
 * servers do not answer before the next client finds no free place. A single client is hardly limited.
 */
const SHARE = 4;

/**
 * Limits concurrent look-ups, and queues the others fairly. Each client may take only a part of what is free, so that the
 * look-ups of one client leave room for those of the next. Queued look-ups are started round robin by client.
 */
export class LookupQueue {
  readonly #limits: LookupLimits;
  /** The number of look-ups that the resolver can run at once, if it is limited. */
  readonly #concurrency: () => number | undefined;
  readonly #accounts = new Map<string, Account>();
  readonly #places = new Map<Lookup, Place>();
  /** The accounts with queued look-ups, in the order in which they get the next free place. */
  readonly #queue = new Set<Account>();
  #running = 0;
  readonly #watcher: ResolverWatcher | undefined;

  constructor(limits: LookupLimits, concurrency: () => number | undefined, watcher?: ResolverWatcher) {
    this.#watcher = watcher;
    this.#limits = limits;
    this.#concurrency = concurrency;
  }

  /** Starts `lookup` for `client`, or queues it. The caller must call `forget` when the look-up ends. */
  add(lookup: Lookup, client: string): void {
    const account = this.#accountOf(client);
    if (account.running < this.#allowance()) return this.#start(lookup, account);
    const place = this.#places.get(lookup);
    if (place?.accounts.has(account) === true) return;
    const full = this.#whyFull(account, place !== undefined);
    if (full !== undefined) {
      this.#dropIfIdle(account);
      // The look-up may be queued for other clients.
      if (place === undefined) this.#refuse(lookup, queueFull(lookup.host, full));
      return;
    }
    account.waiting.add(lookup);
    this.#queue.add(account);
    if (place !== undefined) return void place.accounts.add(account);
    this.#places.set(lookup, this.#place(lookup, account));
    this.#watcher?.waiting(this.#places.size);
  }

  /** Removes a look-up from the queue. */
  forget(lookup: Lookup): void {
    const place = this.#places.get(lookup);
    if (place === undefined) return;
    clearTimeout(place.timer);
    this.#places.delete(lookup);
    this.#watcher?.waiting(this.#places.size);
    for (const account of place.accounts) {
      account.waiting.delete(lookup);
      if (account.waiting.size === 0) this.#queue.delete(account);
      this.#dropIfIdle(account);
    }
  }

  #refuse(lookup: Lookup, error: ProxyError): void {
    this.#watcher?.failed(error.code);
    lookup.cancel(error);
  }

  #place(lookup: Lookup, account: Account): Place {
    const { waitTimeout } = this.#limits;
    const timer = setTimeout(() => {
      this.#refuse(lookup, queueTimedOut(lookup.host, waitTimeout, this.#whatIsFull(account)));
    }, waitTimeout);
    return { accounts: new Set([account]), timer };
  }

  get #capacity(): number {
    return Math.max(1, Math.min(this.#limits.lookups, this.#concurrency() ?? Infinity));
  }

  /** An account with fewer running look-ups than this may start another. */
  #allowance(): number {
    const free = this.#capacity - this.#running;
    return free <= 0 ? 0 : Math.min(this.#limits.lookupsPerClient, Math.max(1, Math.floor(free / SHARE)));
  }

  #start(lookup: Lookup, account: Account): void {
    this.#watcher?.began();
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

  /** Starts queued look-ups round robin: an account that got a place goes to the end of the queue. */
  #next(): void {
    for (const account of this.#queue) {
      const allowance = this.#allowance();
      if (allowance <= 0) return;
      if (account.running >= allowance) continue;
      const [lookup] = account.waiting;
      this.#queue.delete(account);
      if (lookup === undefined) continue;
      if (account.waiting.size > 1) this.#queue.add(account);
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
      const reason = `${account.waiting.size} look-ups of this client are in the queue already`;
      return { setting: 'resolver.limits.waitingPerClient', reason };
    }
    if (hasPlace || this.#places.size < waiting) return undefined;
    return { setting: 'resolver.limits.waiting', reason: `${this.#places.size} look-ups are in the queue already` };
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
