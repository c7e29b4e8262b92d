/** One key with what it had. */
export interface KeyCount {
  readonly key: string;
  /** At most this many: what a key had that made room for this one counts, too. */
  readonly requests: number;
  readonly bytes: number;
}

interface Counted {
  readonly key: string;
  requests: number;
  bytes: number;
}

/**
 * The keys that occur most, in bounded memory (space-saving, Metwally, Agrawal and El Abbadi 2005): a new key takes the place of the one
 * with the least, and its count. A key that occurs more often than one in `capacity` is always there.
 */
export class TopKeys {
  readonly #capacity: number;
  readonly #counted = new Map<string, Counted>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#counted.size;
  }

  add(key: string, bytes: number, requests = 1): void {
    const known = this.#counted.get(key) ?? this.#enter(key);
    known.requests += requests;
    known.bytes += bytes;
  }

  #enter(key: string): Counted {
    const counted: Counted = { key, requests: 0, bytes: 0 };
    if (this.#counted.size >= this.#capacity) {
      const least = this.#least();
      this.#counted.delete(least.key);
      counted.requests = least.requests;
      counted.bytes = least.bytes;
    }
    this.#counted.set(key, counted);
    return counted;
  }

  #least(): Counted {
    let least: Counted = { key: '', requests: Infinity, bytes: 0 };
    for (const counted of this.#counted.values()) if (counted.requests < least.requests) least = counted;
    return least;
  }

  /** The first `most` of them, the one with the most requests first. */
  top(most: number): KeyCount[] {
    return topOf(this.#counted.values(), most);
  }
}

/** The first `most` of several lists together. */
export function topOf(counts: Iterable<KeyCount>, most: number): KeyCount[] {
  const sums = new Map<string, KeyCount>();
  for (const { key, requests, bytes } of counts) {
    const before = sums.get(key);
    sums.set(key, { key, requests: requests + (before?.requests ?? 0), bytes: bytes + (before?.bytes ?? 0) });
  }
  return [...sums.values()].toSorted((a, b) => b.requests - a.requests || b.bytes - a.bytes).slice(0, most);
}
