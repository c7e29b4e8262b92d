import type { Counted, Leased, Placed, Rate, Taken } from '@inband/core';

export type { Counted, Leased, Placed } from '@inband/core';

/** What several processes or machines share. Each call ends within the deadline of the store, and rejects with a {@link StoreError} only. */
export interface Store {
  /** What is stored under `key`, or undefined. */
  get(key: string): Promise<Entry | undefined>;
  /** Stores `value` (at most {@link MOST_VALUE_BYTES} of UTF-8) under `key`, unless a condition in `options` does not hold. */
  put(key: string, value: string, options?: PutOptions): Promise<Written>;
  /** Removes what is stored under `key`. Whether something was removed: false where there was nothing, or another revision. */
  remove(key: string, ifRevision?: Revision): Promise<boolean>;
  /**
   * Calls `listener` with what is stored under `key`, first with what there is, then with each change that is seen. Of several changes in
   * short time, only the last one may be seen. While the store is away nothing is called; {@link Watch.confirmed} says how old the view is.
   */
  watch(key: string, listener: WatchListener): Watch;
  /**
   * Takes `n` from a bucket, or nothing, by the algorithm of `services.NAME.limits` (GCRA). A bucket is a key with its rate: where the rate
   * is another one, the bucket is another one. `patience`: milliseconds that may be waited before it is used, as in core.
   */
  take(key: string, rate: Rate, n: number, patience?: number): Promise<Taken>;
  /**
   * Takes as many as there are from a bucket, at most `n`, to be spent without asking. What is not spent is not given back. `owed`: was spent
   * already, and is taken first, whatever there is. So a bucket may owe more than its burst, and `retryAfter` is the longer.
   */
  lease(key: string, rate: Rate, n: number, owed?: number): Promise<Leased>;
  /**
   * Says how many places under `key` a holder has, for `holding.ttl`: those that are taken, and as many for later as are free. Each call replaces
   * what the last one of this holder has said. With none, all are given back.
   */
  hold(key: string, holder: string, holding: Holding): Promise<Placed>;
  /**
   * Counts what was used in this period (such as a day), and takes as much in advance as there is. Periods begin by the clock of the store. What was
   * taken counts as used. What is left of it at the end is given back by a call with less than 0 in `counting.used`.
   */
  count(key: string, counting: Counting): Promise<Counted>;
  /**
   * Takes the lock `name` for `ttl` milliseconds. Undefined where somebody else has it. `holder`: a name that nobody else has, such as a UUID. With it a
   * call whose answer was lost can be made again: whoever has the lock by that name already gets it once more, with the same number.
   */
  lock(name: string, ttl: number, holder?: string): Promise<Lock | undefined>;
  /** Says that `member` lives, for {@link StoreOptions.memberTtl}, and something of it for others to see. Returns how many members live. */
  beat(member: string, info: string): Promise<number>;
  /** Says that `member` lives no more, so that nobody waits until its last beat is over. */
  leave(member: string): Promise<void>;
  /** The members that live. */
  members(): Promise<readonly Member[]>;
  /** Milliseconds since 1970 by the clock of the store, which all members have in common. */
  time(): Promise<number>;
  /** How the store is. */
  readonly status: StoreStatus;
  /** What became of the calls so far. */
  readonly calls: StoreCalls;
  /** Ends watches and connections. Calls that wait, and later ones, reject with `closed`. */
  close(): Promise<void>;
}

/**
 * Which writing of a value this is. No two writings have the same revision, whatever is lost, restored or written elsewhere, and nothing
 * else is to be read from it: revisions have no order.
 */
export type Revision = string;

/** A value with its revision. */
export interface Entry {
  readonly value: string;
  readonly revision: Revision;
}

/** Conditions of a {@link Store.put}, and how long the value stays. */
export interface PutOptions {
  /** Write only where this revision is stored; null: only where nothing is. Absent: in any case. */
  readonly ifRevision?: Revision | null;
  /** Milliseconds after which the value is gone. Absent: it stays. */
  readonly ttl?: number;
  /** The number of the lock under which it is written ({@link Lock.fence}). It is refused where a later holder has written the value. */
  readonly fence?: number;
}

/** What became of a {@link Store.put}. Where it is refused, `reason` says which condition did not hold. */
export type Written =
  | { readonly written: true; readonly revision: Revision }
  | { readonly written: false; readonly reason: 'revision' | 'fence' };

/** Is given what is stored now, or undefined for nothing. */
export type WatchListener = (entry: Entry | undefined) => void;

/** A view of one key. */
export interface Watch {
  /** When the view was last found to be what is stored, on the clock of `performance.now`. Undefined: not yet. */
  readonly confirmed: number | undefined;
  /** Ends the watch. Its listener is not called any more. */
  stop(): void;
}

/** What somebody has of what there may be at one time. */
export interface Holding {
  /** Places that there are for all together. */
  readonly most: number;
  /** Places that are taken. They are never refused, so that all together may have more than `most`. */
  readonly held: number;
  /** Places to have beside them, for later. */
  readonly wanted: number;
  /** Milliseconds after which the holder has none, if it does not say it again. */
  readonly ttl: number;
}

/** What is counted in periods. */
export interface Counting {
  /** What all together may use in one period. */
  readonly most: number;
  /** Milliseconds. Periods begin at its multiples since 1970: 86,400,000 is a day from midnight to midnight UTC. */
  readonly period: number;
  /** What was used and is not counted yet. It is never refused. Less than 0: taken in advance, and not used. */
  readonly used: number;
  /** What is to be taken in advance. */
  readonly wanted: number;
  /** The period in which it was taken, for what is given back. If it is over, or absent, nothing is given back. */
  readonly of?: number | undefined;
}

/**
 * A lock that is held until its time is over. A holder that was halted for longer may not know it, so what it does with the lock
 * carries `fence`, and whoever is asked to do it refuses a number below one that it has seen ({@link PutOptions.fence}).
 */
export interface Lock {
  /** Greater than the number of every holder before. */
  readonly fence: number;
  /** Holds it for `ttl` milliseconds from now. False: it is lost, and stays so. */
  renew(ttl: number): Promise<boolean>;
  /** Gives it back. Does nothing where it is lost. */
  release(): Promise<void>;
}

/** Somebody who has said of itself that it lives. */
export interface Member {
  readonly name: string;
  readonly info: string;
}

/** The calls of a store since it was opened. Calls that were not made, because it is away, do not count. */
export interface StoreCalls {
  readonly calls: number;
  /** How many of the calls have failed. */
  readonly failures: number;
  /** Milliseconds that an answer takes, on average; the newest count most. Undefined before the first. */
  readonly latency: number | undefined;
  /** When the store became here or away, in milliseconds since 1970. */
  readonly since: number;
  /** What the last call failed with that did. */
  readonly lastFailure: string | undefined;
}

/** How a store is. `away`: calls are refused at once, because the last ones have failed. `asking`: one call tries whether it is back. */
export type StoreStatus = 'here' | 'away' | 'asking' | 'closed';

/** Bytes of a value at most, as UTF-8. NATS carries a MiB in a message. */
export const MOST_VALUE_BYTES = 900_000;
/** Bytes of the names of keys, buckets, locks and members at most, as UTF-8. */
export const MOST_KEY_BYTES = 256;
