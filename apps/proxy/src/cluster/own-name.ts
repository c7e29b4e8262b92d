import type { Store } from '@inband/store';

/** Looks in a row that find another one, because a program that is started anew under the same name finds the one before it once. */
const ENOUGH = 2;
/** Milliseconds for which it is known who has the name: three looks. */
const TTL = 30_000;

/** Finds out whether another program that runs has the name of this member: each writes its own mark, and reads whose is there. */
export class OwnName {
  readonly #store: Store;
  readonly #key: string;
  /** Of this process, among all that have ever been. */
  readonly #mark: string;
  #others = 0;

  constructor(store: Store, member: string, mark: string) {
    this.#store = store;
    this.#key = `names/${member}`;
    this.#mark = mark;
  }

  /** Whether another member has the name, too, as far as is known. */
  get isTaken(): boolean {
    return this.#others >= ENOUGH;
  }

  /** To be called every ten seconds. Rejects with a `StoreError`. */
  async look(): Promise<void> {
    const entry = await this.#store.get(this.#key);
    this.#others = entry === undefined || entry.value === this.#mark ? 0 : this.#others + 1;
    await this.#store.put(this.#key, this.#mark, { ttl: TTL });
  }
}
