import type { Hop } from './hop.ts';

/** RFC 9110 section 5.6.2 and 5.6.4; a value has a character for each byte. */
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"/y;
const SPACE = /[ \t]*/y;

/**
 * The hops in all `Forwarded` lines of a request (RFC 7239 section 4), the nearest last. An element without `for` has the node `unknown`.
 * Undefined where a line is malformed in any place: what is quoted may hide where an element ends, so that no part of it can be believed.
 */
export function hopsOfForwarded(lines: readonly string[]): Hop[] | undefined {
  const hops: Hop[] = [];
  for (const line of lines) {
    const of = new Elements(line).read();
    if (of === undefined) return undefined;
    hops.push(...of);
  }
  return hops;
}

/** Reads one line. */
class Elements {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  read(): Hop[] | undefined {
    const hops: Hop[] = [];
    for (;;) {
      this.#take(SPACE);
      const pairs = this.#element();
      if (pairs === undefined) return undefined;
      if (pairs.size > 0) hops.push({ node: pairs.get('for') ?? 'unknown', scheme: pairs.get('proto')?.toLowerCase() });
      this.#take(SPACE);
      if (this.#at === this.#line.length) return hops;
      if (this.#line[this.#at] !== ',') return undefined;
      this.#at += 1;
    }
  }

  /** Parameters in lower case, with their values; none for an empty element, which a list may have. */
  #element(): Map<string, string> | undefined {
    const pairs = new Map<string, string>();
    for (;;) {
      const name = this.#take(TOKEN)?.[0]?.toLowerCase();
      if (name !== undefined) {
        const value = this.#value();
        if (value === undefined || pairs.has(name)) return undefined;
        pairs.set(name, value);
      }
      if (this.#line[this.#at] !== ';') return pairs;
      this.#at += 1;
    }
  }

  #value(): string | undefined {
    if (this.#line[this.#at] !== '=') return undefined;
    this.#at += 1;
    const token = this.#take(TOKEN)?.[0];
    return token ?? this.#take(QUOTED)?.[1]?.replace(/\\(.)/gs, '$1');
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }
}
