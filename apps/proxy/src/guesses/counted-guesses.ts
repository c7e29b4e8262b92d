import type { SharedGuesses } from '@inband/core';
import type { Store } from '@inband/store';
import { createHash, createHmac } from 'node:crypto';

/** Milliseconds for which guesses are counted together; as long as a process remembers its own. */
const PERIOD = 10 * 60_000;
/** Questions that wait for the store. Further ones are not asked: own counts decide. */
const MOST = 64;

/**
 * Wrong guesses of all members, counted by the store, or of the workers of one machine, counted by the memory of their supervisor. What it does not
 * answer in time is not counted together.
 */
export class CountedGuesses implements SharedGuesses {
  readonly #store: Store;
  readonly #key: Uint8Array | undefined;
  #asked = 0;

  /** `key`: so that whoever reads the store does not find out by trying which clients and users it is about. */
  constructor(store: Store, key: Uint8Array | undefined) {
    this.#store = store;
    this.#key = key;
  }

  wrong(name: string, learned: (count: number) => void): void {
    void this.countOnce(name, PERIOD).then((count) => {
      if (count !== undefined) learned(count);
    });
  }

  right(name: string): void {
    void this.#ask(async () => {
      const { total, of } = await this.#count(name, PERIOD, 0);
      if (total > 0) await this.#count(name, PERIOD, -total, of);
    });
  }

  /** Counts one more. Resolves with how many there were in this period; undefined where the store does not say. */
  countOnce(name: string, period: number): Promise<number | undefined> {
    return this.#ask(async () => (await this.#count(name, period, 1)).total);
  }

  /** Never rejects. */
  async #ask<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (this.#asked >= MOST) return undefined;
    this.#asked += 1;
    try {
      return await ask();
    } catch {
      // While the store is away, own counts decide.
      return undefined;
    } finally {
      this.#asked -= 1;
    }
  }

  #count(name: string, period: number, used: number, of?: number) {
    const hash = this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key);
    const key = `logins/${hash.update(name).digest('base64url')}`;
    return this.#store.count(key, { most: 1, period, used, wanted: 0, of });
  }
}
