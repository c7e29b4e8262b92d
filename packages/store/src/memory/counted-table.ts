/** Entries that are looked at when one is added: more than one, so that a table shrinks again. */
const SWEPT = 2;
/** Of so many a full table drops the one that counts least. */
const COMPARED = 8;

/** How a table is kept small. */
export interface CountedTableOptions<T> {
  /** Entries that are kept. */
  readonly most: number;
  /** How much an entry counts. One that counts nothing is as good as none. */
  readonly weightOf: (value: T) => number;
}

/**
 * What is counted, by key, in bounded memory. An entry that counts nothing any more is dropped when the sweep comes by. A full table drops the one that
 * counts least of the next few, so whoever has most is remembered, and nobody is refused because of others.
 */
export class CountedTable<T> {
  readonly #options: CountedTableOptions<T>;
  readonly #entries = new Map<string, T>();
  /** Goes around the entries for ever. */
  #hand: Iterator<[string, T]>;

  constructor(options: CountedTableOptions<T>) {
    this.#options = options;
    this.#hand = this.#entries.entries();
  }

  /** Entries that are kept. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    if (!this.#entries.has(key)) this.#makeRoom();
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #makeRoom(): void {
    const { most, weightOf } = this.#options;
    for (let swept = 0; swept < SWEPT; swept += 1) {
      const [key, value] = this.#next() ?? [];
      if (key !== undefined && value !== undefined && weightOf(value) === 0) this.#entries.delete(key);
    }
    if (this.#entries.size < most) return;
    const compared = Array.from({ length: COMPARED }, () => this.#next()).filter((entry) => entry !== undefined);
    const [first, ...others] = compared.map(([key, value]) => ({ key, weight: weightOf(value) }));
    if (first === undefined) return;
    this.#entries.delete(others.reduce((least, other) => (other.weight < least.weight ? other : least), first).key);
  }

  #next(): [string, T] | undefined {
    const next = this.#hand.next();
    if (next.done !== true) return next.value;
    this.#hand = this.#entries.entries();
    const first = this.#hand.next();
    return first.done === true ? undefined : first.value;
  }
}
