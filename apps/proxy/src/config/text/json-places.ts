import type { ConfigPath, Locate, Location } from '../problem/problem.ts';
import { endOfText, plainJson } from './json-text.ts';

/** A text of JSON whose value needed no other parser. */
export interface PlainJson {
  readonly value: unknown;
  readonly locate: Locate;
  readonly syntaxErrors: readonly never[];
}

/**
 * Reads what {@link plainJson} reads, and finds places in it. The parser of YAML, which is large, is not loaded for that. Undefined for a text that needs
 * it.
 */
export function readPlainJson(text: string): PlainJson | undefined {
  const plain = plainJson(text);
  if (plain === undefined) return undefined;
  let places: Places | undefined;
  // Places are needed for problems only.
  const locate: Locate = (path, at) => (places ??= new Places(text)).locationOf(path, at);
  return { value: plain.value, locate, syntaxErrors: [] };
}

/** All places of a text. There may be as many problems as there are values. */
class Places {
  readonly #root: Place;
  /** Where each line begins. */
  readonly #lines = [0];

  constructor(text: string) {
    this.#root = new PlaceReader(text).read();
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) this.#lines.push(end + 1);
  }

  locationOf(path: ConfigPath, at: 'key' | 'value'): Location {
    const offset = offsetOf(this.#root, path, at);
    let line = 0;
    for (let end = this.#lines.length; end - line > 1;) {
      const middle = (line + end) >> 1;
      if (this.#lines[middle]! <= offset) line = middle;
      else end = middle;
    }
    return { line: line + 1, column: offset - this.#lines[line]! + 1 };
  }
}

/** Where a value begins, and what is inside of it. */
interface Place {
  readonly start: number;
  readonly items?: readonly Place[];
  readonly members?: ReadonlyMap<string, Member>;
}

interface Member {
  /** Where the key begins. */
  readonly key: number;
  readonly value: Place;
}

/** The offset of the deepest part of `path` that exists. */
function offsetOf(root: Place, path: ConfigPath, at: 'key' | 'value'): number {
  let place = root;
  for (const [index, part] of path.entries()) {
    const member = place.members?.get(String(part));
    const inside = member?.value ?? (typeof part === 'number' ? place.items?.[part] : undefined);
    if (inside === undefined) return place.start;
    const isWanted = at === 'key' && index === path.length - 1;
    // An item of a list has no key.
    if (isWanted) return member?.key ?? place.start;
    place = inside;
  }
  return place.start;
}

/** Reads a text that is valid JSON, and nested within bounds. */
class PlaceReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Place {
    this.#skip(WHITESPACE);
    const start = this.#at;
    switch (this.#text[start]) {
      case '{':
        return { start, members: this.#members() };
      case '[':
        return { start, items: this.#items() };
      case '"':
        this.#skipText();
        return { start };
      default:
        this.#skip(SCALAR);
        return { start };
    }
  }

  #members(): Map<string, Member> {
    const members = new Map<string, Member>();
    while (this.#goesOn('}')) {
      const key = this.#at;
      this.#skipText();
      const name: unknown = JSON.parse(this.#text.slice(key, this.#at));
      this.#skip(WHITESPACE);
      // The colon.
      this.#at += 1;
      members.set(String(name), { key, value: this.read() });
    }
    return members;
  }

  #items(): Place[] {
    const items: Place[] = [];
    while (this.#goesOn(']')) items.push(this.read());
    return items;
  }

  /** Goes past the bracket or comma in front of the next item or member, or past the bracket behind the last. */
  #goesOn(end: string): boolean {
    this.#skip(WHITESPACE);
    if (this.#text[this.#at] !== end) {
      this.#at += 1;
      this.#skip(WHITESPACE);
    }
    // Behind "[" or "{" of an empty one.
    if (this.#text[this.#at] !== end) return true;
    this.#at += 1;
    return false;
  }

  #skipText(): void {
    this.#at = endOfText(this.#text, this.#at + 1) + 1;
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    if (what.test(this.#text)) this.#at = what.lastIndex;
  }
}

const WHITESPACE = /[ \t\r\n]*/y;
/** A number, true, false or null. */
const SCALAR = /[^\s,\]}]+/y;
