import { randomBytes } from 'node:crypto';
import type { Logger, Rate, Taken } from '@inband/core';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Backend, BackendEvents } from '../base/backend.ts';
import { bucketKey } from '../base/bucket-key.ts';
import { counterKey } from '../base/counter.ts';
import { leaseBy } from '../base/lease.ts';
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
import { type BucketOptions, keyOf, type KvBuckets, nameOf, openBuckets, subjectOf } from './buckets.ts';
import { changeEntry, type Change } from './change-entry.ts';
import { isWithoutBuckets, toUnavailable } from './errors.ts';
import { fenceOf, type Held, parseHeld } from './held.ts';
import {
  countChange,
  holdChange,
  parseBucket,
  parseCounter,
  parsePlaces,
  type Spend,
  spendChange,
} from './limit-changes.ts';
import { ServerClock } from './server-clock.ts';
import { NatsLink, type NatsServers } from './link.ts';
import { FOREVER, isThere, parseStored, readEntry, revisionOf, type Stored, writeStored } from './stored.ts';

interface NatsDeps extends BucketOptions {
  readonly logger: Logger;
  readonly servers: NatsServers;
  readonly bucketClock?: () => number;
}

/** What one call works with. */
interface Opened extends KvBuckets {
  /** Milliseconds of the server's clock. */
  readonly now: number;
}

/** JetStream. It has no scripts: what must be atomic is read, calculated here, and written if nobody else has written, else tried again. */
export class NatsBackend implements Backend {
  readonly #deps: NatsDeps;
  readonly #events: BackendEvents;
  readonly #link: NatsLink;
  readonly #clock = new ServerClock();
  readonly #followed = new Map<string, Subscription | undefined>();
  #connection: NatsConnection | undefined = undefined;
  #buckets: Promise<KvBuckets> | undefined = undefined;

  constructor(events: BackendEvents, deps: NatsDeps) {
    this.#deps = deps;
    this.#events = events;
    this.#link = new NatsLink({
      logger: deps.logger,
      servers: deps.servers,
      connected: (to) => void this.#connected(to),
    });
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#call(async ({ all, now }) => {
      const { content, sequence } = readEntry(await all.get(keyOf('entry', key)), parseStored);
      return isThere(content, now) ? { value: content.value, revision: revisionOf(content, sequence) } : undefined;
    });
  }

  put(key: string, value: string, options: PutOptions): Promise<Written> {
    const id = randomBytes(12).toString('base64url');
    return this.#change<Stored, Written>(keyOf('entry', key), parseStored, ({ content, sequence }, now) => {
      const old = isThere(content, now) ? content : undefined;
      const revision = old === undefined ? null : revisionOf(old, sequence);
      if (options.ifRevision !== undefined && options.ifRevision !== revision)
        return { answer: () => ({ written: false, reason: 'revision' }) };
      const seen = old?.fence ?? 0;
      const fence = options.fence ?? seen;
      if (fence < seen) return { answer: () => ({ written: false, reason: 'fence' }) };
      const stored = { id, until: options.ttl === undefined ? FOREVER : now + options.ttl, fence, value };
      return {
        write: writeStored(stored),
        answer: (written) => ({ written: true, revision: revisionOf(stored, written) }),
      };
    });
  }

  remove(key: string, ifRevision: Revision | undefined): Promise<boolean> {
    return this.#change<Stored, boolean>(keyOf('entry', key), parseStored, ({ content, sequence }, now) => {
      const isIt = isThere(content, now) && (ifRevision === undefined || ifRevision === revisionOf(content, sequence));
      return isIt ? { write: null, answer: () => true } : { answer: () => false };
    });
  }

  take(key: string, rate: Rate, n: number, patience: number): Promise<Taken> {
    return this.#spend(key, rate, (take) => take(n, patience));
  }

  lease(key: string, rate: Rate, n: number, owed: number): Promise<Leased> {
    return this.#spend(key, rate, (take) => leaseBy((wanted, patience = 0) => take(wanted, patience), n, owed));
  }

  hold(key: string, holder: string, holding: Holding): Promise<Placed> {
    return this.#change(keyOf('places', key), parsePlaces, holdChange(holder, holding, this.#deps.bucketClock));
  }

  count(key: string, counting: Counting): Promise<Counted> {
    const name = keyOf('count', counterKey(key, counting.period));
    return this.#change(name, parseCounter, countChange(counting, this.#deps.bucketClock));
  }

  async acquire(name: string, ttl: number, holder: string | undefined): Promise<number | undefined> {
    const key = keyOf('lock', name);
    const sequence = await this.#change<Held, number | undefined>(key, parseHeld, (read, now) => {
      const { content } = read;
      const isHeld = content !== undefined && content.until > now;
      if (isHeld && (holder === undefined || content.holder !== holder)) return { answer: () => undefined };
      const mark = { until: now + ttl, ...(holder !== undefined && { holder }) };
      const held: Held = isHeld
        ? { before: content.before, fence: fenceOf(read), ...mark }
        : { before: fenceOf(read), ...mark };
      return { write: JSON.stringify(held), answer: (written) => written };
    });
    if (sequence === undefined) return undefined;
    return this.#call(async ({ all }) => {
      const read = readEntry(await all.get(key, { revision: sequence }), parseHeld);
      // Gone already: another holder has come, after the time of this one was over.
      return read.content === undefined ? undefined : fenceOf(read);
    });
  }

  renew(name: string, fence: number, ttl: number): Promise<boolean> {
    return this.#hold(name, fence, (now) => now + ttl);
  }

  /** Others may know the server's clock as an earlier time, so it ends before all times. */
  async release(name: string, fence: number): Promise<void> {
    await this.#hold(name, fence, () => 0);
  }

  beat(member: string, info: string): Promise<number> {
    return this.#call(async ({ members }) => {
      await members.put(keyOf('member', member), info);
      const { streamInfo } = await members.status();
      // One message for each member.
      return streamInfo.state.messages;
    });
  }

  leave(member: string): Promise<void> {
    return this.#call(({ leave }) => leave(member));
  }

  members(): Promise<readonly Member[]> {
    return this.#call(async ({ members }) => {
      const all: Member[] = [];
      for await (const entry of await members.history()) {
        if (entry.operation === 'PUT') all.push({ name: nameOf(entry.key), info: entry.string() });
      }
      return all;
    });
  }

  time(): Promise<number> {
    return this.#call(async ({ now }) => now);
  }

  follow(key: string): void {
    this.#followed.set(key, this.#connection && this.#subscribe(this.#connection, key));
  }

  unfollow(key: string): void {
    this.#followed.get(key)?.unsubscribe();
    this.#followed.delete(key);
  }

  reconnect(): void {
    this.#link.reconnect();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /** What is done once for a connection takes several answers, and is done before anybody's call has to be answered in time. */
  async #connected(connection: NatsConnection): Promise<void> {
    this.#connection = connection;
    this.#buckets = undefined;
    this.#clock.forget();
    for (const key of this.#followed.keys()) this.#followed.set(key, this.#subscribe(connection, key));
    // Otherwise the next call does it.
    await this.#open().catch(() => undefined);
    if (this.#connection === connection) this.#events.connected();
  }

  #hold(name: string, fence: number, until: (now: number) => number): Promise<boolean> {
    return this.#change<Held, boolean>(keyOf('lock', name), parseHeld, (read, now) => {
      const { content } = read;
      if (content === undefined || fenceOf(read) !== fence || content.until <= now) return { answer: () => false };
      const held: Held = { ...content, fence, until: until(now) };
      return { write: JSON.stringify(held), answer: () => true };
    });
  }

  /** Undefined where the connection has just ended. The next one subscribes to all. */
  #subscribe(connection: NatsConnection, key: string): Subscription | undefined {
    if (connection.isClosed()) return undefined;
    const subject = subjectOf(this.#deps.key, keyOf('entry', key));
    return connection.subscribe(subject, { callback: () => this.#events.changed(key) });
  }

  #spend<T>(key: string, rate: Rate, how: Spend<T>): Promise<T> {
    const name = keyOf('bucket', bucketKey(key, rate));
    return this.#change(name, parseBucket, spendChange(rate, how, this.#deps.bucketClock));
  }

  #change<T, Answer>(key: string, parse: (text: string) => T, change: Change<T, Answer>): Promise<Answer> {
    const until = performance.now() + this.#deps.deadline;
    return this.#call(({ all, now }) => changeEntry(all, key, { parse, now, until, change }));
  }

  /** Once more, where the buckets have to be made anew. */
  async #call<T>(call: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      return await call(await this.#open());
    } catch (error) {
      if (!isWithoutBuckets(error)) throw toUnavailable(error);
      this.#buckets = undefined;
      this.#clock.forget();
    }
    try {
      return await call(await this.#open());
    } catch (error) {
      throw toUnavailable(error);
    }
  }

  async #open(): Promise<Opened> {
    const connection = this.#link.get();
    const opening = (this.#buckets ??= openBuckets(connection, this.#deps));
    try {
      const buckets = await opening;
      return { ...buckets, now: await this.#clock.now(buckets.all) };
    } catch (error) {
      if (this.#buckets === opening) this.#buckets = undefined;
      throw error;
    }
  }
}
