import { formatIp, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

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

/**
 * Reads host patterns: a name, an address, or `*.suffix`; with `mayBeAny` also `*` for every host. `*.example.com` matches `a.example.com` and `a.b.example.com`,
 * but neither `example.com` nor an address. Returns them as `foldHost` does. Throws {@link PolicyConfigurationError}.
 */
export function compileHosts(
  base: string,
  path: SettingPath,
  texts: readonly string[],
  mayBeAny = false,
): readonly string[] {
  return texts.map((text, index) => {
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

/** The patterns that match a host. Hosts that match the same patterns share one object. */
export type HostClass = ReadonlySet<string>;

export const MATCHES_NO_PATTERN: HostClass = new Set();

/** Finds the {@link HostClass} of hosts. A look-up costs the same however many patterns there are. */
export class HostClasses {
  readonly #patterns: ReadonlySet<string>;
  readonly #memo = new BoundedMemo<string, HostClass>(MEMO_LIMIT);
  readonly #classes = new Map<string, HostClass>();

  constructor(patterns: Iterable<string>) {
    this.#patterns = new Set(patterns);
  }

  of(host: string): HostClass {
    if (this.#patterns.size === 0) return MATCHES_NO_PATTERN;
    const known = this.#memo.get(host);
    if (known !== undefined) return known;
    const matching = this.#matching(foldHost(host));
    const id = matching.join(' ');
    let found = this.#classes.get(id);
    if (found === undefined) {
      found = matching.length === 0 ? MATCHES_NO_PATTERN : new Set(matching);
      // The configuration bounds the number of classes, because the most specific match determines the others.
      this.#classes.set(id, found);
    }
    if (host.length <= LONGEST_NAME) this.#memo.set(host, found);
    return found;
  }

  #matching(host: string): string[] {
    const matching = this.#patterns.has(host) ? [host] : [];
    if (this.#patterns.has(ANY)) matching.push(ANY);
    if (parseIp(host) !== undefined) return matching;
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
