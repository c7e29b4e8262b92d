import type { Rate, Taken } from '@inband/core';
import {
  checkCounting,
  checkHolding,
  checkName,
  checkOwed,
  checkPut,
  checkTake,
  checkTtl,
  checkValue,
} from '../base/arguments.ts';
import type { Backend, MakeBackend } from '../base/backend.ts';
import { type StoreError, StoreUnavailable, type UnavailableReason } from '../base/errors.ts';
import { STORE_DEFAULTS, type StoreOptions } from '../base/options.ts';
import type {
  Counted,
  Counting,
  Entry,
  Holding,
  Leased,
  Lock,
  Member,
  Placed,
  PutOptions,
  Revision,
  Store,
  StoreCalls,
  StoreStatus,
  Watch,
  WatchListener,
  Written,
} from '../base/store.ts';
import { Breaker } from './breaker.ts';
import { CallCounts } from './call-counts.ts';
import { Calls } from './calls.ts';
import { Watches } from './watches.ts';

/** Failures of which the store itself says that they are none: it has answered, and another call may fare better. A store that refuses is as good as away. */
const ANSWERED = new Set(['full', 'contended']);

/** Milliseconds from one line that the store is away to the next, so that one which comes and goes does not fill the log. */
const LINE_INTERVAL = 60_000;

/** A store over a backend: each call has a deadline, and a breaker keeps calls away from a backend that does not answer. */
export class GuardedStore implements Store {
  readonly #options: StoreOptions;
  readonly #backend: Backend;
  readonly #calls: Calls;
  readonly #breaker: Breaker;
  readonly #counts = new CallCounts();
  readonly #watches: Watches;
  #isClosed = false;
  #isAway = false;
  /** The log has a line that says so. The next one that is away may be said from then on. */
  #isSaid = false;
  #nextLine = -Infinity;
  /** When the next line may say that it does not do what is asked, by the reason. */
  readonly #nextLines = new Map<UnavailableReason, number>();

  constructor(options: StoreOptions, make: MakeBackend) {
    const { deadline, failures, retryAfter, reread } = { ...STORE_DEFAULTS, ...options };
    this.#options = options;
    this.#calls = new Calls(deadline);
    this.#breaker = new Breaker({
      failures,
      retryAfter,
      now: () => performance.now(),
      turned: (to) => this.#turned(to),
    });
    this.#watches = new Watches({
      logger: options.logger,
      reread,
      get: (key) => this.get(key),
      follow: (key) => this.#backend.follow(key),
      unfollow: (key) => this.#backend.unfollow(key),
    });
    this.#backend = make({ connected: () => this.#connected(), changed: (key) => this.#watches.read(key) });
  }

  get status(): StoreStatus {
    if (this.#isClosed) return 'closed';
    return ({ closed: 'here', open: 'away', 'half-open': 'asking' } as const)[this.#breaker.state];
  }

  async get(key: string): Promise<Entry | undefined> {
    checkName('key', key);
    return this.#call(() => this.#backend.get(key));
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<Written> {
    checkName('key', key);
    checkValue(value);
    checkPut(options);
    return this.#call(() => this.#backend.put(key, value, options));
  }

  async remove(key: string, ifRevision?: Revision): Promise<boolean> {
    checkName('key', key);
    return this.#call(() => this.#backend.remove(key, ifRevision));
  }

  watch(key: string, listener: WatchListener): Watch {
    if (this.#isClosed) return { confirmed: undefined, stop: () => {} };
    return this.#watches.add(key, listener);
  }

  async take(key: string, rate: Rate, n: number, patience = 0): Promise<Taken> {
    checkName('key', key);
    checkTake(rate, n, patience);
    return this.#call(() => this.#backend.take(key, rate, n, patience));
  }

  async lease(key: string, rate: Rate, n: number, owed = 0): Promise<Leased> {
    checkName('key', key);
    checkTake(rate, n, 0);
    checkOwed(rate, owed);
    return this.#call(() => this.#backend.lease(key, rate, n, owed));
  }

  async hold(key: string, holder: string, holding: Holding): Promise<Placed> {
    checkName('key', key);
    checkName('holder', holder);
    checkHolding(holding);
    return this.#call(() => this.#backend.hold(key, holder, holding));
  }

  async count(key: string, counting: Counting): Promise<Counted> {
    checkName('key', key);
    checkCounting(counting);
    return this.#call(() => this.#backend.count(key, counting));
  }

  async lock(name: string, ttl: number, holder?: string): Promise<Lock | undefined> {
    checkName('name', name);
    checkTtl(ttl);
    if (holder !== undefined) checkName('holder', holder);
    const fence = await this.#call(() => this.#backend.acquire(name, ttl, holder));
    return fence === undefined ? undefined : this.#held(name, fence);
  }

  #held(name: string, fence: number): Lock {
    return {
      fence,
      renew: async (ttl) => {
        checkTtl(ttl);
        return this.#call(() => this.#backend.renew(name, fence, ttl));
      },
      release: () => this.#call(() => this.#backend.release(name, fence)),
    };
  }

  async beat(member: string, info: string): Promise<number> {
    checkName('member', member);
    checkValue(info);
    return this.#call(() => this.#backend.beat(member, info));
  }

  async leave(member: string): Promise<void> {
    checkName('member', member);
    return this.#call(() => this.#backend.leave(member));
  }

  async members(): Promise<readonly Member[]> {
    return this.#call(() => this.#backend.members());
  }

  async time(): Promise<number> {
    return this.#call(() => this.#backend.time());
  }

  get calls(): StoreCalls {
    return this.#counts.all;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watches.close();
    this.#calls.end(closedError());
    await this.#backend.close();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closedError();
    const { onCall } = this.#options;
    if (!this.#breaker.lets()) {
      onCall?.('away', 0);
      throw new StoreUnavailable('away', 'The store is away, and was not asked.');
    }
    const begun = performance.now();
    try {
      const answer = await this.#calls.make(call);
      const took = performance.now() - begun;
      this.#counts.answered(took);
      onCall?.('ok', took);
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      const reason = error instanceof StoreUnavailable ? error.reason : 'refused';
      this.#counts.failed(error);
      onCall?.(reason, performance.now() - begun);
      if (reason === 'full' || reason === 'refused') this.#sayRefused(reason, error);
      if (reason === 'busy') this.#breaker.unknown();
      else if (ANSWERED.has(reason)) this.#breaker.succeeded();
      else this.#breaker.failed(begun);
      throw error;
    }
  }

  #connected(): void {
    this.#breaker.hint();
    this.#watches.readAll();
  }

  /** Called for each probe that fails as well, so that a connection which is dead without saying so is made anew. */
  #turned(to: 'closed' | 'open'): void {
    if (this.#isClosed) return;
    if (to === 'closed') this.#back();
    else this.#away();
  }

  #back(): void {
    this.#isAway = false;
    this.#counts.turned();
    if (this.#isSaid) this.#options.logger.info({}, 'the store is back');
    this.#isSaid = false;
    this.#watches.readAll();
  }

  #away(): void {
    if (this.#isAway) this.#backend.reconnect();
    else this.#counts.turned();
    this.#isAway = true;
    const now = performance.now();
    if (this.#isSaid || now < this.#nextLine) return;
    this.#isSaid = true;
    this.#nextLine = now + LINE_INTERVAL;
    const { lastFailure: why } = this.#counts.all;
    this.#options.logger.warn({ why }, 'the store is away: what is shared by it is used as it was last known');
  }

  #sayRefused(reason: 'full' | 'refused', error: unknown): void {
    const now = performance.now();
    if (now < (this.#nextLines.get(reason) ?? 0)) return;
    this.#nextLines.set(reason, now + LINE_INTERVAL);
    this.#options.logger.warn({ reason, why: messageOf(error) }, 'the store does not do what is asked');
  }
}

function closedError(): StoreError {
  return new StoreUnavailable('closed', 'The store is closed.');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
