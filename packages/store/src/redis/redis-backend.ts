import { randomBytes } from 'node:crypto';
import type { Logger, Rate, Taken } from '@inband/core';
import type { Backend, BackendEvents } from '../base/backend.ts';
import { bucketKey } from '../base/bucket-key.ts';
import { counterKey, MOST_COUNTED } from '../base/counter.ts';
import type { StoreUnavailable } from '../base/errors.ts';
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
import { Changes } from './changes.ts';
import { connect, type Connection, DISCONNECT_TIMEOUT, type RedisServers } from './connect.ts';
import { isUnknownScript, toUnavailable } from './errors.ts';
import { COUNT, HOLD, TAKE } from './limit-scripts.ts';
import { listOf, numberOf, numbersOf, textsOf } from './replies.ts';
import type { Script } from './script.ts';
import { ACQUIRE, BEAT, LEAVE, MEMBERS, PUT, REMOVE, RENEW } from './scripts.ts';

/** Milliseconds for which the number of a lock is known after it was held. Later the clock has gone on further than numbers have. */
const REMEMBERED = 86_400_000;

interface RedisDeps {
  readonly logger: Logger;
  readonly servers: RedisServers;
  readonly key: string;
  readonly deadline: number;
  readonly memberTtl: number;
  readonly bucketClock?: () => number;
}

/** Valkey or Redis. What must be atomic is a script, each of which touches one key, or two in one slot of a Cluster. */
export class RedisBackend implements Backend {
  readonly #deps: RedisDeps;
  readonly #connection: Connection;
  readonly #changes: Changes;
  readonly #memberKeys: readonly [string, string];
  /** Why there is no connection. The errors of calls say only that there is none. */
  #trouble: StoreUnavailable | undefined = undefined;

  constructor(events: BackendEvents, deps: RedisDeps) {
    this.#deps = deps;
    // Braces: one slot for both.
    this.#memberKeys = [`{${deps.key}:members}:until`, `{${deps.key}:members}:info`];
    this.#connection = connect(deps.servers, deps.deadline);
    this.#connection.on('error', (error: Error) => {
      this.#trouble = toUnavailable(error);
      deps.logger.debug({ err: this.#trouble }, 'connection to the store');
    });
    this.#connection.on('ready', () => {
      this.#trouble = undefined;
      events.connected();
    });
    const changed = (key: string): void => events.changed(key);
    this.#changes = new Changes(this.#connection, { channelOf: (key) => `${deps.key}:changed:${key}`, changed });
  }

  async get(key: string): Promise<Entry | undefined> {
    const reply: unknown = await this.#translated(this.#connection.hmget(this.#entryKey(key), 'v', 'r'));
    const [value, revision] = listOf(reply, 2);
    return typeof value === 'string' && typeof revision === 'string' ? { value, revision } : undefined;
  }

  async put(key: string, value: string, { ifRevision, ttl, fence }: PutOptions): Promise<Written> {
    const revision = randomBytes(12).toString('base64url');
    const condition = ifRevision === undefined ? 'any' : ifRevision === null ? 'absent' : 'is';
    const how = [condition, ifRevision ?? '', ttl ?? 0, fence ?? '', `${this.#deps.key}:changed:${key}`];
    const became = await this.#run(PUT, [this.#entryKey(key)], [value, revision, ...how]);
    if (became === 'written') return { written: true, revision };
    return { written: false, reason: became === 'fence' ? 'fence' : 'revision' };
  }

  async remove(key: string, ifRevision: Revision | undefined): Promise<boolean> {
    const how = [ifRevision ?? '', `${this.#deps.key}:changed:${key}`];
    return (await this.#run(REMOVE, [this.#entryKey(key)], how)) === 1;
  }

  async take(key: string, rate: Rate, n: number, patience: number): Promise<Taken> {
    const [taken, retryAfter, remaining] = await this.#take(key, rate, ['take', n, patience, 0]);
    return { allowed: taken === 1, retryAfter, remaining };
  }

  async lease(key: string, rate: Rate, n: number, owed: number): Promise<Leased> {
    const [granted, retryAfter, remaining] = await this.#take(key, rate, ['lease', n, 0, owed]);
    return { granted, retryAfter, remaining };
  }

  async hold(key: string, holder: string, { most, held, wanted, ttl }: Holding): Promise<Placed> {
    const both = [`{${this.#deps.key}:places:${key}}:until`, `{${this.#deps.key}:places:${key}}:places`];
    const reply = await this.#run(HOLD, both, [holder, most, held, wanted, ttl, this.#now]);
    const [granted = 0, free = 0] = numbersOf(reply, 2);
    return { granted, free };
  }

  async count(key: string, { most, period, used, wanted, of }: Counting): Promise<Counted> {
    const keys = [`${this.#deps.key}:count:${counterKey(key, period)}`];
    const args = [most, period, used, wanted, of ?? '', MOST_COUNTED, this.#now];
    const [granted = 0, total = 0, number = 0, left = 0] = numbersOf(await this.#run(COUNT, keys, args), 4);
    return { granted, total, of: number, left };
  }

  async acquire(name: string, ttl: number, holder = ''): Promise<number | undefined> {
    const fence = await this.#run(ACQUIRE, [this.#lockKey(name)], [ttl, REMEMBERED, holder]);
    return fence === null ? undefined : numberOf(fence);
  }

  async renew(name: string, fence: number, ttl: number): Promise<boolean> {
    return (await this.#run(RENEW, [this.#lockKey(name)], [fence, ttl, REMEMBERED])) === 1;
  }

  async release(name: string, fence: number): Promise<void> {
    await this.renew(name, fence, 0);
  }

  async beat(member: string, info: string): Promise<number> {
    return numberOf(await this.#run(BEAT, this.#memberKeys, [member, info, this.#deps.memberTtl]));
  }

  async leave(member: string): Promise<void> {
    await this.#run(LEAVE, this.#memberKeys, [member]);
  }

  async members(): Promise<readonly Member[]> {
    const flat = textsOf(await this.#run(MEMBERS, this.#memberKeys, []));
    return flat.flatMap((name, index) => (index % 2 === 0 ? [{ name, info: flat[index + 1] ?? '' }] : []));
  }

  async time(): Promise<number> {
    const reply: unknown = await this.#translated(this.#connection.time());
    const [seconds = 0, microseconds = 0] = numbersOf(reply, 2);
    return seconds * 1_000 + microseconds / 1_000;
  }

  follow(key: string): void {
    this.#changes.follow(key);
  }

  unfollow(key: string): void {
    this.#changes.unfollow(key);
  }

  reconnect(): void {
    // Otherwise another one is being made.
    if (this.#connection.status === 'ready') this.#connection.disconnect(true);
    this.#changes.reconnect();
  }

  async close(): Promise<void> {
    const { own } = this.#changes;
    await Promise.all([ended(this.#connection), own && ended(own)]);
  }

  /** `how`: what is done, how many, patience, and what is owed. */
  async #take(
    key: string,
    { amount, per, burst }: Rate,
    how: readonly ['take' | 'lease', number, number, number],
  ): Promise<[number, number, number]> {
    const args = [amount, per, burst, ...how, this.#now];
    const bucket = `${this.#deps.key}:bucket:${bucketKey(key, { amount, per, burst })}`;
    const [first = 0, second = 0, third = 0] = numbersOf(await this.#run(TAKE, [bucket], args), 3);
    return [first, second, third];
  }

  /** Microseconds, or that the server's clock decides. */
  get #now(): number | '' {
    return this.#deps.bucketClock?.() ?? '';
  }

  /** By its name, and with its text where the server does not have it. */
  async #run({ sha, text }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#connection.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isUnknownScript(error)) throw this.#unavailable(error);
    }
    return this.#translated(this.#connection.eval(text, keys.length, ...keys, ...args));
  }

  async #translated<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): StoreUnavailable {
    const unavailable = toUnavailable(error);
    return (unavailable.reason === 'disconnected' && this.#trouble) || unavailable;
  }

  #entryKey(key: string): string {
    return `${this.#deps.key}:entry:${key}`;
  }

  #lockKey(name: string): string {
    return `${this.#deps.key}:lock:${name}`;
  }
}

/** Closes a connection, and waits until its socket is gone. One that waits for its next try has none, and would not say that it has ended. */
async function ended(connection: Connection): Promise<void> {
  if (connection.status === 'end') return;
  if (connection.status === 'reconnecting') return connection.disconnect();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 2 * DISCONNECT_TIMEOUT);
  connection.once('end', () => resolve());
  connection.disconnect();
  await promise;
  clearTimeout(timer);
}
