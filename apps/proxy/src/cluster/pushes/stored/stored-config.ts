import { randomUUID } from 'node:crypto';
import {
  type Entry,
  type Lock,
  type Revision,
  type Store,
  StoreUnavailable,
  type Watch,
  type Written,
} from '@inband/store';
import { setTimeout as pause } from 'node:timers/promises';
import { type Candidate, type ConfigRecord, type Content, parseContent, parseRecord, type Version } from './records.ts';
import { NO_RECORD } from './versions.ts';

const RECORD = 'config/current';
const CANDIDATE = 'config/candidate';
const LOCK = 'config/push';
/** Places for contents, one after the other by the number of the version: more than versions are kept, so that a push never writes over one of them. */
const PLACES = 24;
/** Attempts for a call of which nothing depends on the last millisecond. */
const ATTEMPTS = 4;
/** Milliseconds between them. A breaker that has opened tries again after a second. */
const BETWEEN = 400;

/** A record, and which writing of it this is; null: there is none. */
export interface FoundRecord {
  readonly record: ConfigRecord;
  readonly revision: Revision | null;
}

/** What was pushed, in the store. Each call rejects with a `StoreUnavailable` if the store does not answer after a few attempts. */
export class StoredConfig {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Asks once. */
  async recordNow(): Promise<FoundRecord> {
    return foundIn(await this.#store.get(RECORD));
  }

  /** {@link NO_RECORD} where there is none, or something that cannot be read. */
  record(): Promise<FoundRecord> {
    return insist(() => this.recordNow());
  }

  /** Writes a record where this revision is stored. After an answer that is lost it is looked at what has become of it. */
  async put(record: ConfigRecord, ifRevision: Revision | null, fence: number): Promise<Written['written']> {
    const value = JSON.stringify(record);
    try {
      return (await this.#store.put(RECORD, value, { ifRevision, fence })).written;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const entry = await insist(() => this.#store.get(RECORD));
      if (entry?.value === value) return true;
      if ((entry?.revision ?? null) !== ifRevision) return false;
      throw error;
    }
  }

  async putContent(number: number, content: Content, fence: number): Promise<boolean> {
    const { written } = await insist(() => this.#store.put(placeOf(number), JSON.stringify(content), { fence }));
    return written;
  }

  /** The content of a version; undefined if it is not there any more. */
  async content({ number, id }: Version): Promise<Content | undefined> {
    const entry = await insist(() => this.#store.get(placeOf(number)));
    const content = entry && parseContent(entry.value);
    return content?.id === id ? content : undefined;
  }

  /** Has all members look at a version, for `ttl` milliseconds. */
  async putCandidate(candidate: Candidate, ttl: number, fence: number): Promise<boolean> {
    const { written } = await insist(() => this.#store.put(CANDIDATE, JSON.stringify(candidate), { ttl, fence }));
    return written;
  }

  /** What members look at. */
  async candidate(): Promise<string | undefined> {
    return (await this.#store.get(CANDIDATE))?.value;
  }

  /** They need not look at it any more. It would go by itself, too. */
  async dropCandidate(): Promise<void> {
    await this.#store.remove(CANDIDATE).catch(() => undefined);
  }

  /** For whoever changes what is stored; undefined while somebody else does. */
  async lock(ttl: number): Promise<Lock | undefined> {
    const holder = randomUUID();
    const lock = await insist(() => this.#store.lock(LOCK, ttl, holder));
    return lock && { ...lock, release: () => insist(() => lock.release()) };
  }

  watchRecord(listener: (entry: Entry | undefined) => void): Watch {
    return this.#store.watch(RECORD, listener);
  }

  watchCandidate(listener: (entry: Entry | undefined) => void): Watch {
    return this.#store.watch(CANDIDATE, listener);
  }
}

function foundIn(entry: Entry | undefined): FoundRecord {
  return { record: (entry && parseRecord(entry.value)) ?? NO_RECORD, revision: entry?.revision ?? null };
}

function placeOf(number: number): string {
  return `config/content/${number % PLACES}`;
}

/** Calls again while the store does not answer, a few times. Only for what may be done twice. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.reason === 'closed' || attempt === ATTEMPTS) throw error;
      await pause(BETWEEN);
    }
  }
}
