/** A network in CIDR notation; a single address has the prefix 32 or 128. */
export interface Cidr {
  /** 4 or 16 bytes; every bit beyond the prefix is zero. */
  readonly bytes: Uint8Array;
  readonly prefix: number;
  /** Canonical: `10.0.0.0/8`, `2001:db8::/32`. */
  readonly text: string;
}

const DOT = 0x2e;
const COLON = 0x3a;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255` */
const LONGEST_TEXT = 45;

/**
 * Reads an IP address: 4 bytes or 16. Strict, because another parser could read a lenient form as another address: IPv4 is four decimal numbers
 * without leading zeros (no octal, hexadecimal or short forms); IPv6 is the text of RFC 4291 section 2.2 without
 * brackets and without a zone. An IPv4-mapped IPv6 address (section 2.5.5.2) gives the 4 bytes that it maps.
 * Returns undefined for anything else.
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  if (text.includes(':')) return parseIpv6(text);
  const bytes = new Uint8Array(4);
  return readIpv4(text, 0, bytes, 0) ? bytes : undefined;
}

/** Reads a dotted quad from `text[start..]` to its end into `bytes[at..at + 4)`. */
function readIpv4(text: string, start: number, bytes: Uint8Array, at: number): boolean {
  let index = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(index++) !== DOT) return false;
    const first = index;
    let value = 0;
    while (index - first < 3) {
      const digit = text.charCodeAt(index) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      index++;
    }
    const digits = index - first;
    if (digits === 0 || value > 255 || (digits > 1 && text.charCodeAt(first) === 0x30)) return false;
    bytes[at + part] = value;
  }
  return index === text.length;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  const end = text.length;
  let at = 0;
  let gap = -1;
  let index = 0;
  if (text.startsWith('::')) {
    gap = 0;
    index = 2;
  }
  while (index < end) {
    const first = index;
    let value = 0;
    for (let digit; index - first < 5 && (digit = hexDigit(text.charCodeAt(index))) >= 0; index++) {
      value = value * 16 + digit;
    }
    if (text.charCodeAt(index) === DOT) {
      if (at > 12 || !readIpv4(text, first, bytes, at)) return undefined;
      at += 4;
      break;
    }
    const digits = index - first;
    if (digits === 0 || digits > 4 || at > 14) return undefined;
    bytes[at++] = value >> 8;
    bytes[at++] = value & 0xff;
    if (index === end) break;
    if (text.charCodeAt(index++) !== COLON || index === end) return undefined;
    if (text.charCodeAt(index) === COLON) {
      if (gap !== -1) return undefined;
      gap = at;
      index++;
    }
  }
  if (gap === -1 ? at !== 16 : at > 14) return undefined;
  if (gap !== -1) {
    bytes.copyWithin(16 - (at - gap), gap, at);
    bytes.fill(0, gap, 16 - (at - gap));
  }
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Whether the bytes are an IPv4-mapped IPv6 address, `::ffff:0:0/96`. */
function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && isZero(bytes, 0, 10);
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (bytes[index] !== 0) return false;
  return true;
}

/**
 * The canonical text of 4 or 16 bytes: dotted decimal, or RFC 5952 (lower case, the first longest run of two or
 * more zero groups as `::`, the IPv4-mapped form in dotted decimal).
 */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`An IP address has 4 or 16 bytes, not ${bytes.length}.`);
  if (isMapped(bytes)) return `::ffff:${bytes.slice(12).join('.')}`;
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index]! << 8) | bytes[index + 1]!);
  const gap = longestZeroRun(groups);
  if (gap.length < 2) return hexGroups(groups);
  return `${hexGroups(groups.slice(0, gap.start))}::${hexGroups(groups.slice(gap.start + gap.length))}`;
}

function hexGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a bare address. The prefix is decimal without leading zeros. Bits set beyond
 * it are an error, because `10.1.0.0/8` may be meant as `10.0.0.0/8` or as `10.1.0.0/16`. An IPv4-mapped network is
 * the IPv4 network that it maps. Returns undefined for anything else; {@link cidrProblem} says why.
 */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = readCidr(text);
  return typeof cidr === 'string' ? undefined : cidr;
}

/** One sentence that says why {@link parseCidr} refuses `text`, or undefined if it does not. */
export function cidrProblem(text: string): string | undefined {
  const cidr = readCidr(text);
  return typeof cidr === 'string' ? cidr : undefined;
}

/** As {@link parseCidr}, without the canonical text, which takes half of the time. */
export function parseNetwork(text: string): Pick<Cidr, 'bytes' | 'prefix'> | undefined {
  const network = readNetwork(text);
  return typeof network === 'string' ? undefined : network;
}

function readCidr(text: string): Cidr | string {
  const network = readNetwork(text);
  if (typeof network === 'string') return network;
  const { bytes, prefix } = network;
  return { bytes, prefix, text: `${formatIp(bytes)}/${prefix}` };
}

function readNetwork(text: string): Pick<Cidr, 'bytes' | 'prefix'> | string {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const bytes = parseIp(address);
  if (bytes === undefined) return `"${address}" is not an IPv4 or IPv6 address.`;
  // The prefix of a network in IPv6 notation is of 128 bits, also when it maps IPv4.
  const mappedBits = bytes.length === 4 && address.includes(':') ? 96 : 0;
  const bits = bytes.length * 8;
  const prefixText = slash === -1 ? String(bits + mappedBits) : text.slice(slash + 1);
  const prefix = /^(?:0|[1-9][0-9]{0,2})$/.test(prefixText) ? Number(prefixText) - mappedBits : -1;
  if (prefix < 0 || prefix > bits) {
    return `The prefix length of "${text}" must be a number from ${mappedBits} to ${bits + mappedBits}.`;
  }
  if (isZeroFrom(bytes, prefix)) return { bytes, prefix };
  const network = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))));
  const canonical = `${formatIp(network)}/${prefix}`;
  return `"${text}" has bits set beyond its prefix: the network is ${canonical}, the single address ${formatIp(bytes)}.`;
}

/** Whether every bit from the one at `prefix` on is zero. */
function isZeroFrom(bytes: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3;
  const cut = bytes[whole] ?? 0;
  return (cut & (0xff >> (prefix & 7))) === 0 && isZero(bytes, whole + 1, bytes.length);
}

/** An IPv4 address inside an IPv6 address. */
export interface EmbeddedIpv4 {
  readonly bytes: Uint8Array;
  /** Bits of the IPv6 address that stand before it. */
  readonly offset: number;
}

/**
 * The IPv4 addresses that traffic to an IPv6 address may reach (for most IPv6 addresses none): IPv4-compatible (`::/96`), mapped
 * (`::ffff:0:0/96`), translated (`::ffff:0:0:0/96`, RFC 2765), NAT64 (`64:ff9b::/96`, RFC 6052, and `64:ff9b:1::/48`,
 * RFC 8215), 6to4 (`2002::/16`, RFC 3056), Teredo (`2001::/32`, RFC 4380: its server and its client) and ISATAP
 * interface identifiers (RFC 5214). Policy evaluates all of them, because any of them may be reached.
 */
export function embeddedIpv4(bytes: Uint8Array): EmbeddedIpv4[] {
  if (bytes.length !== 16) return [];
  const head = (bytes[0]! << 8) | bytes[1]!;
  const second = (bytes[2]! << 8) | bytes[3]!;
  if (head === 0x2002) return [quadAt(bytes, 2)];
  if (head === 0x2001 && second === 0) {
    // The client's address is stored inverted, so that no translator on the way rewrites it.
    const client = quadAt(bytes, 12);
    return [quadAt(bytes, 4), { ...client, bytes: client.bytes.map((byte) => byte ^ 0xff) }];
  }
  if (head === 0x64 && second === 0xff9b) return nat64Addresses(bytes);
  return isCompatible(bytes) || isMapped(bytes) || isTranslated(bytes) || isIsatap(bytes) ? [quadAt(bytes, 12)] : [];
}

function quadAt(bytes: Uint8Array, start: number): EmbeddedIpv4 {
  return { bytes: bytes.slice(start, start + 4), offset: start * 8 };
}

function nat64Addresses(bytes: Uint8Array): EmbeddedIpv4[] {
  const last = quadAt(bytes, 12);
  if (isZero(bytes, 4, 12)) return [last];
  if (bytes[4] !== 0 || bytes[5] !== 1) return [];
  // A translator may use a /64 of the local-use prefix (RFC 6052 section 2.2): the address stands after the u byte
  // then, and only zeros follow. The /48 and /56 layouts end in 32 zero bits, so `last` is 0.0.0.0, which is no server's address.
  const mayBeHigher = bytes[8] === 0 && !isZero(bytes, 9, 12) && isZero(bytes, 13, 16);
  return mayBeHigher ? [last, quadAt(bytes, 9)] : [last];
}

/** `::/96`, except `::` and `::1`, which do not stand for 0.0.0.0 and 0.0.0.1. */
function isCompatible(bytes: Uint8Array): boolean {
  return isZero(bytes, 0, 12) && !(isZero(bytes, 12, 15) && bytes[15]! <= 1);
}

function isTranslated(bytes: Uint8Array): boolean {
  return isZero(bytes, 0, 8) && bytes[8] === 0xff && bytes[9] === 0xff && isZero(bytes, 10, 12);
}

function isIsatap(bytes: Uint8Array): boolean {
  return (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
}
