import { type KeyCount, TopKeys, topOf } from '../top-keys.ts';

/** Milliseconds after which counting begins anew. What was counted before is still shown for as long. */
export const WINDOW = 5 * 60_000;

/** The keys that occurred most in the last five to ten minutes. */
export class RecentKeys {
  readonly #capacity: number;
  #now: TopKeys;
  #before: readonly KeyCount[];
  #until: number;

  /** `before`: what another process has counted that this one takes the place of. */
  constructor(capacity: number, now: number, before: readonly KeyCount[] = []) {
    this.#before = before;
    this.#capacity = capacity;
    this.#now = new TopKeys(capacity);
    this.#until = now + WINDOW;
  }

  add(key: string, bytes: number): void {
    this.#now.add(key, bytes);
  }

  top(most: number, now: number): KeyCount[] {
    if (now >= this.#until) {
      this.#before = now >= this.#until + WINDOW ? [] : this.#now.top(this.#capacity);
      this.#now = new TopKeys(this.#capacity);
      this.#until = now + WINDOW;
    }
    return topOf([...this.#now.top(this.#capacity), ...this.#before], most);
  }
}
