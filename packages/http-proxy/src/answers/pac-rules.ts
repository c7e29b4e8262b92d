import {
  foldHost,
  parseCidr,
  NamePatterns,
  parseIp,
  PolicyConfigurationError,
  type AddressRange,
  type AddressZones,
  cidrProblem,
  type Cidr,
} from '@inband/core';

/** What browsers reach without the proxy. */
export interface PacRules {
  /** `=name` for a name, `.suffix` for every name below a suffix. */
  readonly names: readonly string[];
  /** Networks as first and last address in hex, one after the other, sorted; none overlaps another. */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Names without a dot are direct. */
  readonly plainNames: boolean;
}

/** Stands for names without a dot, as in the lists of exceptions of Windows and Chromium. */
export const PLAIN_NAMES = '<local>';

/** Browsers refuse a script of more than 1 MiB. */
const MOST_ENTRIES = 10_000;
const LIKE_A_NETWORK = /^[0-9a-f.:]+\/\d+$/i;
/** What leads to the client's own machine is not the proxy's to reach. */
const ALWAYS_DIRECT = 'localhost';
const LOOPBACK_NAMES = [ALWAYS_DIRECT, '*.localhost'];
const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1'];

/**
 * Reads a list of names, `*.suffix`, addresses, CIDRs, zones and `<local>`; loopback is in it always. Zones are as they are now. Throws a
 * {@link PolicyConfigurationError} that names the entry which is none of them. `path` begins at `base`.
 */
export function compilePacRules(
  base: string,
  path: readonly string[],
  texts: readonly string[],
  zones: AddressZones,
): PacRules {
  const found = texts.map((text) => rangesOf(text, zones));
  const names = texts.map((text, index) => {
    if (found[index] !== undefined || text === PLAIN_NAMES) return ALWAYS_DIRECT;
    if (LIKE_A_NETWORK.test(text)) throw new PolicyConfigurationError(base, [...path, index], cidrProblem(text) ?? '');
    return text;
  });
  NamePatterns.compile(base, path, names);
  const ranges = [...LOOPBACK_NETWORKS.map((text) => rangesOf(text, zones)), ...found].flatMap((some) => some ?? []);
  const rules = {
    names: [...new Set([...LOOPBACK_NAMES, ...names].map(keyOf))],
    v4: merged(ranges, 4),
    v6: merged(ranges, 16),
    plainNames: texts.includes(PLAIN_NAMES),
  };
  const entries = rules.names.length + (rules.v4.length + rules.v6.length) / 2;
  if (entries <= MOST_ENTRIES) return rules;
  const message = `A browser takes at most ${MOST_ENTRIES} names and networks, and these are ${entries}.`;
  throw new PolicyConfigurationError(base, path, message);
}

/** The addresses of a zone or network; undefined for everything else. */
function rangesOf(text: string, zones: AddressZones): readonly AddressRange[] | undefined {
  if (zones.has(text)) return zones.rangesOf(text);
  const folded = foldHost(text);
  const cidr = parseCidr(parseIp(folded) === undefined ? text : folded);
  return cidr && [{ first: cidr.bytes, last: lastOf(cidr) }];
}

function keyOf(text: string): string {
  const pattern = foldHost(text);
  return pattern.startsWith('*.') ? pattern.slice(1) : `=${pattern}`;
}

/** The ranges of one family in hex, sorted; those that overlap or touch are one. */
function merged(ranges: readonly AddressRange[], length: 4 | 16): string[] {
  const sorted = ranges
    .filter(({ first }) => first.length === length)
    .map(({ first, last }) => [hexOf(first), hexOf(last)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const result: string[] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before === undefined || BigInt(`0x${first}`) > BigInt(`0x${before}`) + 1n) result.push(first, last);
    else if (last > before) result[result.length - 1] = last;
  }
  return result;
}

function lastOf({ bytes, prefix }: Cidr): Uint8Array {
  return bytes.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, prefix - index * 8))));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
