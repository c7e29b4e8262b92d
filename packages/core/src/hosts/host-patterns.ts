import { formatIp, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import type { HostList } from './host-list.ts';

const NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const MEMO_LIMIT = 8192;
/** RFC 1035 section 2.3.4. Longer names are matched but not memoised. */
const LONGEST_NAME = 255;

/**
 * Normalises a host for comparison: ASCII lower case, without a trailing dot. Addresses become canonical text without
 * brackets.
 */
export function foldHost(host: string): string {
  const lower = host.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  const bytes = parseIp(name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name);
  return bytes === undefined ? name : formatIp(bytes);
}

/** Matches every host, where the place of a pattern allows that. */
const ANY = '*';

/** What a host may match: a pattern, as {@link compileHosts} returns it, or a list. */
export type HostPattern = string | HostList;

/**
 * Reads host patterns: a name, an address, or `*.suffix`; with `mayBeAny` also `*` for every host. `*.example.com` matches `a.example.com` and `a.b.example.com`,
 * but neither `example.com` nor an address. Returns them as `foldHost` does, and lists as they are. Throws {@link PolicyConfigurationError}.
 */
export function compileHosts(
  base: string,
  path: SettingPath,
  texts: readonly string[],
  mayBeAny?: boolean,
): readonly string[];
export function compileHosts(
  base: string,
  path: SettingPath,
  texts: readonly HostPattern[],
  mayBeAny?: boolean,
): readonly HostPattern[];
export function compileHosts(
  base: string,
  path: SettingPath,
  texts: readonly HostPattern[],
  mayBeAny = false,
): readonly HostPattern[] {
  return texts.map((text, index) => {
    if (typeof text !== 'string') return text;
    const pattern = foldHost(text);
    if (mayBeAny && pattern === ANY) return pattern;
    if (NAME.test(pattern) || parseIp(pattern) !== undefined) return pattern;
    throw new PolicyConfigurationError(
      base,
      [...path, index],
      `"${text}" is not a host pattern: ${problemOf(pattern)}`,
    );
  });
}

function problemOf(pattern: string): string {
  if (pattern === '*') return 'leave the list out to match every host.';
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  if (/[^\x00-\x7f]/.test(pattern)) return 'write an internationalised name in its ASCII form (xn--…).';
  if (pattern.includes(':') || pattern.includes('/')) return 'write the host alone, without scheme, port and path.';
  if (pattern.includes('*')) return 'a wildcard can only be the whole first label, as in "*.example.com".';
  return 'expected a name, an address, or "*.suffix".';
}

/** The patterns and lists that match a host. Hosts that match the same ones share one object. */
export type HostClass = ReadonlySet<HostPattern>;

export const MATCHES_NO_PATTERN: HostClass = new Set();

/** Classes that are known before all are dropped. Only lists that overlap in many ways have so many. */
const CLASS_LIMIT = 8192;

/** Finds the {@link HostClass} of hosts. A look-up costs the same however many patterns there are, and however long lists are. */
export class HostClasses {
  readonly #patterns: ReadonlySet<string>;
  readonly #lists: readonly HostList[];
  readonly #isEmpty: boolean;
  #memo = new BoundedMemo<string, HostClass>(MEMO_LIMIT);
  readonly #classes = new Map<string, HostClass>();
  /** The {@link generation} that `#memo` is for. */
  #generation: number;

  constructor(patterns: Iterable<HostPattern>) {
    const texts = new Set<string>();
    const lists = new Set<HostList>();
    for (const pattern of patterns) {
      if (typeof pattern === 'string') texts.add(pattern);
      else lists.add(pattern);
    }
    this.#patterns = texts;
    this.#lists = [...lists];
    this.#isEmpty = texts.size + lists.size === 0;
    this.#generation = this.generation;
  }

  /** Changes whenever the class of a host may have changed: with each new version of a list. */
  get generation(): number {
    // Mostly there are none, and each request asks.
    if (this.#lists.length === 0) return 0;
    let sum = 0;
    for (const list of this.#lists) sum += list.generation;
    return sum;
  }

  of(host: string): HostClass {
    if (this.#isEmpty) return MATCHES_NO_PATTERN;
    if (this.#lists.length > 0) this.#followLists();
    const known = this.#memo.get(host);
    if (known !== undefined) return known;
    const found = this.#classOf(foldHost(host));
    if (host.length <= LONGEST_NAME) this.#memo.set(host, found);
    return found;
  }

  #followLists(): void {
    const { generation } = this;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#memo = new BoundedMemo(MEMO_LIMIT);
  }

  #classOf(host: string): HostClass {
    const isAddress = parseIp(host) !== undefined;
    const patterns = this.#matching(host, isAddress);
    const lists = this.#lists.filter((list) => list.has(host, isAddress));
    const id = [...patterns, ...lists.map((list) => `#${this.#lists.indexOf(list)}`)].join(' ');
    const known = this.#classes.get(id);
    if (known !== undefined) return known;
    const found = id === '' ? MATCHES_NO_PATTERN : new Set([...patterns, ...lists]);
    // The configuration bounds the number of classes of patterns, because the most specific match determines the others.
    if (this.#classes.size >= CLASS_LIMIT && this.#lists.length > 0) this.#classes.clear();
    this.#classes.set(id, found);
    return found;
  }

  #matching(host: string, isAddress: boolean): string[] {
    const matching = this.#patterns.has(host) ? [host] : [];
    if (this.#patterns.has(ANY)) matching.push(ANY);
    if (isAddress) return matching;
    // From index 1: "*.suffix" needs something before the dot.
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const pattern = `*${host.slice(dot)}`;
      if (this.#patterns.has(pattern)) matching.push(pattern);
    }
    return matching;
  }
}

/** A list of patterns of host names: exact, or `*.suffix` for every name below a suffix. */
export class NamePatterns {
  readonly #classes: HostClasses;

  private constructor(patterns: readonly string[]) {
    this.#classes = new HostClasses(patterns);
  }

  /** Throws a {@link PolicyConfigurationError} for an address and for text that is no pattern. `path` begins at `base`. */
  static compile(base: string, path: SettingPath, texts: readonly string[]): NamePatterns {
    const patterns = compileHosts(base, path, texts);
    const index = patterns.findIndex((pattern) => parseIp(pattern) !== undefined);
    if (index < 0) return new NamePatterns(patterns);
    throw new PolicyConfigurationError(base, [...path, index], `"${texts[index]}" is an address; expected a name.`);
  }

  matches(host: string): boolean {
    return this.#classes.of(host) !== MATCHES_NO_PATTERN;
  }
}
