import { nearestKey } from './nearest-key.ts';

/** More names than these are not listed in a message. */
const MOST_SHOWN = 10;
/** Comparisons with a known name, of all that are made for suggestions. They take a quarter of a second. */
const MOST_COMPARED = 50_000;

/** Names by which a configuration refers to its parts. There may be as many as there are references, and all of them may be wrong. */
export class Names {
  readonly #all: readonly string[];
  readonly #known: ReadonlySet<string>;
  #compared = 0;

  constructor(all: readonly string[]) {
    this.#all = all;
    this.#known = new Set(all);
  }

  get size(): number {
    return this.#known.size;
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** `unknown zone "ofice"; did you mean "office"?`, or the known ones, if they are few. Among many names only the first wrong ones get a suggestion. */
  unknown(what: string, name: string): string {
    const quoted = JSON.stringify(name);
    const nearest = this.#nearest(name);
    if (nearest !== undefined) return `unknown ${what} ${quoted}; did you mean "${nearest}"?`;
    if (this.#all.length === 0 || this.#all.length > MOST_SHOWN) return `unknown ${what} ${quoted}.`;
    return `unknown ${what} ${quoted}; known here: ${this.#all.join(', ')}.`;
  }

  #nearest(name: string): string | undefined {
    if (this.#compared > 0 && this.#compared + this.#all.length > MOST_COMPARED) return undefined;
    this.#compared += this.#all.length;
    return nearestKey(name, this.#all);
  }
}
