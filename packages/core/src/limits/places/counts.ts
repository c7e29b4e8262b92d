/** How many of something each key has at present. */
export interface Counts {
  /** How many there are in this process. */
  of(key: string): number;
  /** Whether there may be one more, of `most`. */
  hasRoom(key: string, most: number): boolean;
  /** Counts one more, which `hasRoom` was asked about. */
  add(key: string, most: number): void;
  remove(key: string): void;
}

/** Counts of this process alone. A key that has none takes no memory. */
export class OwnCounts implements Counts {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  hasRoom(key: string, most: number): boolean {
    return this.of(key) < most;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** What somebody has of several counts, until {@link leave}. */
export type Held = readonly { readonly counts: Counts; readonly key: string }[];

/** Ends what is held. It may have been counted by the limits of an older configuration, which count in the same state. */
export function leave(held: Held): void {
  for (const { counts, key } of held) counts.remove(key);
}
