import type { Store } from '@inband/store';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRevoked } from './read-revoked.ts';
import { KEPT, mergeRevoked, type Revoked } from './revoked.ts';

/** Its name in the store. */
const NAME = 'revoked';
/** Attempts to write the list while others do. */
const ATTEMPTS = 12;
const PAUSE = 20;
/** Milliseconds for which a value of the store stays at most. */
const LONGEST = 366 * 86_400_000;

/** The list that all members of a cluster have in the store. */
export class StoredRevoked {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Calls `heard` with the list, now and whenever it is another one; undefined: it cannot be read. Returns what ends that. */
  watch(heard: (all: readonly Revoked[] | undefined) => void): () => void {
    const watch = this.#store.watch(NAME, (entry) => heard(readRevoked(entry?.value ?? '[]')));
    return () => watch.stop();
  }

  /** Adds what is known to it. Rejects if it is not written. */
  async add(known: () => readonly Revoked[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const entry = await this.#store.get(NAME);
      const there = entry === undefined ? [] : readRevoked(entry.value);
      if (there === undefined) throw new Error('what the store has is no list of tokens');
      const now = Date.now();
      const next = mergeRevoked(there, known()).filter(({ until }) => until + KEPT > now);
      const last = Math.max(now, ...next.map(({ until }) => until));
      const ttl = Math.min(LONGEST, Math.ceil(last - now) + KEPT);
      const put = { ifRevision: entry?.revision ?? null, ttl };
      if ((await this.#store.put(NAME, JSON.stringify(next), put)).written) return;
      await sleep(Math.random() * PAUSE);
    }
    throw new Error('others change the list at the same time');
  }
}
