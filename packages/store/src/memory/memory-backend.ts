import { Buckets, MICROSECONDS, type Rate, type Taken } from '@inband/core';
import type { Backend, BackendEvents } from '../base/backend.ts';
import { countIn, type Counter, counterKey, periodAt } from '../base/counter.ts';
import { leaseBy } from '../base/lease.ts';
import type { Clock } from '../base/options.ts';
import { holdIn, type Place } from '../base/places.ts';
import type {
  Counted,
  Counting,
  Entry,
  Holding,
  Leased,
  Member,
  Placed,
  PutOptions,
  Revision,
  Written,
} from '../base/store.ts';
import { CountedTable } from './counted-table.ts';
import { Expiring } from './expiring.ts';

/** Values, locks, members, keys of places, counters: so many of each at most. */
const MOST = 65_536;
/** Rates with a table of buckets each. The one that was used least recently is dropped. */
const MOST_RATES = 256;
/** Milliseconds for which the number of a lock is known after it was held. Later the clock has gone on further than numbers have. */
const REMEMBERED = 86_400_000;

interface Stored extends Entry {
  readonly fence: number;
}

interface Held {
  readonly fence: number;
  readonly until: number;
  readonly holder: string | undefined;
}

/** A counter with the length of its periods, by which is known whether it is over. */
interface PeriodCounter extends Counter {
  readonly period: number;
}

interface MemoryDeps {
  readonly clock: Clock;
  readonly memberTtl: number;
}

/** Everything in maps. Its methods are asynchronous because those of other backends are. */
export class MemoryBackend implements Backend {
  readonly #events: BackendEvents;
  readonly #clock: Clock;
  readonly #memberTtl: number;
  readonly #entries: Expiring<Stored>;
  readonly #locks: Expiring<Held>;
  readonly #members: Expiring<string>;
  readonly #buckets = new Map<string, Buckets>();
  readonly #places: CountedTable<Map<string, Place>>;
  readonly #counters: CountedTable<PeriodCounter>;
  #written = 0;

  constructor(events: BackendEvents, { clock, memberTtl }: MemoryDeps) {
    this.#events = events;
    this.#clock = clock;
    this.#memberTtl = memberTtl;
    this.#entries = new Expiring(clock, MOST);
    this.#locks = new Expiring(clock, MOST);
    this.#members = new Expiring(clock, MOST);
    this.#places = new CountedTable({ most: MOST, weightOf: (all) => placesOf(all, clock()) });
    this.#counters = new CountedTable({
      most: MOST,
      weightOf: (counter) => (periodAt(counter, counter.period, clock()) === counter.of ? counter.total : 0),
    });
  }

  async get(key: string): Promise<Entry | undefined> {
    const stored = this.#entries.get(key);
    return stored && { value: stored.value, revision: stored.revision };
  }

  async put(key: string, value: string, { ifRevision, ttl, fence }: PutOptions): Promise<Written> {
    const old = this.#entries.get(key);
    if (ifRevision !== undefined && ifRevision !== (old?.revision ?? null))
      return { written: false, reason: 'revision' };
    const seen = old?.fence ?? 0;
    if (fence !== undefined && fence < seen) return { written: false, reason: 'fence' };
    this.#written += 1;
    const revision = `m${this.#written}`;
    this.#entries.set(key, { value, revision, fence: fence ?? seen }, ttl);
    this.#events.changed(key);
    return { written: true, revision };
  }

  async remove(key: string, ifRevision: Revision | undefined): Promise<boolean> {
    const old = this.#entries.get(key);
    if (old === undefined || (ifRevision !== undefined && ifRevision !== old.revision)) return false;
    this.#entries.delete(key);
    this.#events.changed(key);
    return true;
  }

  async take(key: string, rate: Rate, n: number, patience: number): Promise<Taken> {
    return { ...this.#bucketsOf(rate).take(key, rate, n, patience) };
  }

  async lease(key: string, rate: Rate, n: number, owed: number): Promise<Leased> {
    const buckets = this.#bucketsOf(rate);
    return leaseBy((wanted, patience) => buckets.take(key, rate, wanted, patience), n, owed);
  }

  async hold(key: string, holder: string, holding: Holding): Promise<Placed> {
    const all = this.#places.get(key) ?? new Map<string, Place>();
    const placed = holdIn(all, holder, holding, Math.floor(this.#clock()));
    if (all.size > 0) this.#places.set(key, all);
    else this.#places.delete(key);
    return placed;
  }

  async count(key: string, counting: Counting): Promise<Counted> {
    const { period } = counting;
    const name = counterKey(key, period);
    const { after, answer } = countIn(this.#counters.get(name), counting, Math.floor(this.#clock()));
    if (after.total > 0) this.#counters.set(name, { ...after, period });
    else this.#counters.delete(name);
    return answer;
  }

  async acquire(name: string, ttl: number, holder: string | undefined): Promise<number | undefined> {
    const old = this.#locks.get(name);
    const now = this.#clock();
    const isHeld = old !== undefined && old.until > now;
    if (isHeld && (holder === undefined || old.holder !== holder)) return undefined;
    const fence = isHeld ? old.fence : Math.max((old?.fence ?? 0) + 1, Math.floor(now * MICROSECONDS));
    this.#locks.set(name, { fence, until: now + ttl, holder }, ttl + REMEMBERED);
    return fence;
  }

  async renew(name: string, fence: number, ttl: number): Promise<boolean> {
    const now = this.#clock();
    const held = this.#locks.get(name);
    if (held?.fence !== fence || held.until <= now) return false;
    this.#locks.set(name, { ...held, until: now + ttl }, ttl + REMEMBERED);
    return true;
  }

  async release(name: string, fence: number): Promise<void> {
    if (this.#locks.get(name)?.fence === fence)
      this.#locks.set(name, { fence, until: 0, holder: undefined }, REMEMBERED);
  }

  async beat(member: string, info: string): Promise<number> {
    this.#members.set(member, info, this.#memberTtl);
    return this.#members.all().length;
  }

  async leave(member: string): Promise<void> {
    this.#members.delete(member);
  }

  async members(): Promise<readonly Member[]> {
    return this.#members.all().map(([name, info]) => ({ name, info }));
  }

  async time(): Promise<number> {
    return this.#clock();
  }

  /** Every change is told, and whoever does not follow does not listen. */
  follow(): void {}
  unfollow(): void {}
  reconnect(): void {}
  async close(): Promise<void> {}

  #bucketsOf({ amount, per, burst }: Rate): Buckets {
    const name = `${amount}/${per}/${burst}`;
    const buckets = this.#buckets.get(name) ?? new Buckets(this.#clock);
    // The last one is the one that was used most recently.
    this.#buckets.delete(name);
    this.#buckets.set(name, buckets);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_RATES && oldest !== undefined) this.#buckets.delete(oldest);
    return buckets;
  }
}

function placesOf(all: ReadonlyMap<string, Place>, now: number): number {
  let sum = 0;
  for (const { places, until } of all.values()) if (until > now) sum += places;
  return sum;
}
