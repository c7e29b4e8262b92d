import type { Rate, Taken } from '@inband/core';
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
} from './store.ts';

/**
 * What an implementation does. Arguments are checked, and deadlines are kept, by the store around it. It rejects with a
 * {@link StoreUnavailable}, whatever the library below it says, and never keeps a call for a connection that may come.
 */
export interface Backend {
  get(key: string): Promise<Entry | undefined>;
  put(key: string, value: string, options: PutOptions): Promise<Written>;
  remove(key: string, ifRevision: Revision | undefined): Promise<boolean>;
  take(key: string, rate: Rate, n: number, patience: number): Promise<Taken>;
  lease(key: string, rate: Rate, n: number, owed: number): Promise<Leased>;
  hold(key: string, holder: string, holding: Holding): Promise<Placed>;
  count(key: string, counting: Counting): Promise<Counted>;
  /** The number of the new holder, or undefined where the lock is held. */
  acquire(name: string, ttl: number, holder: string | undefined): Promise<number | undefined>;
  /** Whether the holder with this number still has it. */
  renew(name: string, fence: number, ttl: number): Promise<boolean>;
  release(name: string, fence: number): Promise<void>;
  beat(member: string, info: string): Promise<number>;
  leave(member: string): Promise<void>;
  members(): Promise<readonly Member[]>;
  time(): Promise<number>;
  /** From now on, `events.changed` is called when the value of `key` changes, as far as that can be known. */
  follow(key: string): void;
  unfollow(key: string): void;
  /** Drops the connection, which has not answered for a while, and makes a new one. */
  reconnect(): void;
  close(): Promise<void>;
}

/** What a backend says by itself. */
export interface BackendEvents {
  /** There is a connection again, so that changes may have been missed. */
  connected(): void;
  /** The value of a key that is followed has changed. */
  changed(key: string): void;
}

/** How a store makes its backend. */
export type MakeBackend = (events: BackendEvents) => Backend;
