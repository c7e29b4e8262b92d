import type { SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import type { LimitError } from '../base/errors.ts';
import { Buckets, type RateBuckets } from './rates/buckets.ts';
import type { Rate } from './rates/gcra.ts';
import { Accounts } from './bytes/accounts.ts';
import { SharedDay } from './bytes/shared-day.ts';
import type { ConnectionPlace } from './connection-place.ts';
import { type Counts, type Held, OwnCounts } from './places/counts.ts';
import { SharedCounts } from './places/shared-counts.ts';
import { Asking } from './shared/asking.ts';
import { LeasedBuckets } from './shared/leased-buckets.ts';
import type { Lender } from './shared/lender.ts';

export interface LimitStateDeps {
  /** Milliseconds, of a clock that does not go back. */
  readonly now?: (() => number) | undefined;
  /** Called for each connection that is refused, with the setting. */
  readonly onLimit?: ((setting: string, client: SockAddr) => void) | undefined;
  /** Lends what several processes share. Default: the limits are those of this process alone. */
  readonly lender?: Lender | undefined;
}

/** Buckets that are shared, with the rate that they have. */
interface Leasing {
  readonly rate: Rate;
  readonly buckets: LeasedBuckets;
}

/** What is counted for the limits of one service. It outlives the limits, which are another value after a reload. */
export class LimitState {
  /** Of connections that have a place. No `Map`, because that would keep closed connections alive: see `LinkedList`. */
  readonly places = new WeakMap<Connection, ConnectionPlace>();
  /** How many have one. */
  placed = 0;
  /** Refused connections that are being answered. */
  readonly refused = new Set<Connection>();
  /** Tunnels, by the ids of their sessions. */
  readonly tunnels = new Map<number, Held>();
  /** Requests that wait for their turn. */
  waiting = 0;
  readonly #deps: LimitStateDeps;
  readonly #service: string;
  readonly #now: () => number;
  readonly #asking: Asking;
  readonly #buckets = new Map<string, Buckets>();
  readonly #leased = new Map<string, Leasing>();
  readonly #counts = new Map<string, Counts>();
  readonly #accounts = new Map<string, Accounts>();

  /** `service`: its name, by which other processes know it as well. */
  constructor(deps: LimitStateDeps = {}, service = '') {
    this.#deps = deps;
    this.#service = service;
    this.#now = deps.now ?? performance.now.bind(performance);
    this.#asking = new Asking(this.#now);
  }

  /** The buckets of a limit, by its name in the configuration: `perClient.requests`. */
  buckets(limit: string, rate: Rate): RateBuckets {
    const { lender } = this.#deps;
    return lender === undefined ? this.#ownBuckets(limit, rate) : this.#leasedBuckets(limit, rate, lender);
  }

  /** The buckets of a process alone. A rate with another unit of time gets new ones, because debts are counted in that unit. */
  #ownBuckets(limit: string, { per }: Rate): Buckets {
    const name = `${limit}/${per}`;
    let buckets = this.#buckets.get(name);
    if (buckets === undefined) this.#buckets.set(name, (buckets = new Buckets(this.#now)));
    return buckets;
  }

  /** The buckets that are shared. Another rate gets new ones, because other processes may still have the old rate. A configuration that has that rate too keeps its own. */
  #leasedBuckets(limit: string, rate: Rate, lender: Lender): LeasedBuckets {
    const leasing = this.#leased.get(limit);
    if (leasing !== undefined && isSameRate(leasing.rate, rate)) return leasing.buckets;
    const buckets = new LeasedBuckets(`${this.#service}/${limit}`, { now: this.#now, lender });
    this.#leased.set(limit, { rate, buckets });
    return buckets;
  }

  /** The counts of a limit of what there may be at one time, such as connections. */
  counts(limit: string): Counts {
    let counts = this.#counts.get(limit);
    if (counts === undefined) this.#counts.set(limit, (counts = this.#newCounts(limit)));
    return counts;
  }

  #newCounts(limit: string): Counts {
    const { lender } = this.#deps;
    if (lender === undefined) return new OwnCounts();
    return new SharedCounts({ lender, asking: this.#asking, prefix: `${this.#service}/${limit}/` });
  }

  /** Whether no connection and no tunnel is counted. */
  get isUnused(): boolean {
    return this.placed === 0 && this.tunnels.size === 0;
  }

  /** The process ends: what it holds of shared limits is given back. */
  close(): Promise<void> {
    return this.#asking.close();
  }

  /** A connection is refused. */
  reached({ setting = '' }: LimitError, client: SockAddr): void {
    this.#deps.onLimit?.(setting, client);
  }

  /** What bytes are counted by, for the service, its clients or its users. */
  accounts(scope: 'service' | 'perClient' | 'perUser'): Accounts {
    let accounts = this.#accounts.get(scope);
    if (accounts === undefined) this.#accounts.set(scope, (accounts = this.#newAccounts(scope)));
    return accounts;
  }

  #newAccounts(scope: string): Accounts {
    const { lender } = this.#deps;
    if (lender === undefined) return new Accounts();
    const prefix = `${this.#service}/${scope}.quota/`;
    const deps = { lender, asking: this.#asking, now: this.#now };
    return new Accounts((key) => new SharedDay({ ...deps, key: `${prefix}${key}` }));
  }
}

/** The limit states of all services of a process, by the names of the services. */
export class LimitStates {
  readonly #deps: LimitStateDeps;
  readonly #states = new Map<string, LimitState>();

  constructor(deps: LimitStateDeps = {}) {
    this.#deps = deps;
  }

  of(service: string): LimitState {
    let state = this.#states.get(service);
    if (state === undefined) this.#states.set(service, (state = new LimitState(this.#deps, service)));
    return state;
  }

  /**
   * Forgets services that are not there any more, each when it has no connection. One that comes back before counts on: two states of one service would
   * say different numbers of what this process holds.
   */
  keep(services: ReadonlySet<string>): void {
    for (const [name, state] of this.#states) if (!services.has(name) && state.isUnused) this.#states.delete(name);
  }

  /** The process ends: what it holds of shared limits is given back. Resolves in bounded time. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#states.values(), (state) => state.close()));
  }
}

function isSameRate(a: Rate, b: Rate): boolean {
  return a.amount === b.amount && a.per === b.per && a.burst === b.burst;
}
