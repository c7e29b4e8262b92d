/** How many of something each key has at present. A key that has none takes no memory. */
export class Counts {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
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
