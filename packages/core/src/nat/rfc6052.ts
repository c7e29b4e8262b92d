import { type Cidr, cidrProblem, parseCidr } from '../base/ip.ts';

/** The lengths that a prefix may have (RFC 6052 section 2.2). */
const LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** Bits 64 to 71 ("u"): zero in every IPv4-embedded IPv6 address, so the IPv4 address steps over them. */
const U_OCTET = 8;

/** The well-known prefix, `64:ff9b::/96`, which stands for global IPv4 addresses only (section 3.1). */
export const WELL_KNOWN_PREFIX: Cidr = parseCidr('64:ff9b::/96')!;

/** Reads a prefix in which IPv4 addresses can be embedded, or gives one sentence that says why it is none. */
export function parseNat64Prefix(text: string): Cidr | string {
  const prefix = parseCidr(text);
  if (prefix === undefined) return cidrProblem(text)!;
  if (prefix.bytes.length !== 16 || !LENGTHS.includes(prefix.prefix)) {
    return `"${text}" is not a NAT64 prefix: it must be IPv6, of length 32, 40, 48, 56, 64 or 96 (RFC 6052).`;
  }
  if (prefix.bytes[U_OCTET] !== 0) return `The bits 64 to 71 of the NAT64 prefix "${text}" must be zero (RFC 6052).`;
  return prefix;
}

/** The IPv6 address that stands for an IPv4 address (4 bytes) behind a translator with that prefix. */
export function embedIpv4(prefix: Cidr, address: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(prefix.bytes);
  placesOf(prefix).forEach((place, index) => (bytes[place] = address[index]!));
  return bytes;
}

/**
 * The IPv4 address (4 bytes) in an IPv6 address (16 bytes). Undefined when that is not in the prefix, or has anything
 * but zero in the bits 64 to 71. What follows the IPv4 address does not count (section 2.2).
 */
export function extractIpv4(prefix: Cidr, address: Uint8Array): Uint8Array | undefined {
  return address[U_OCTET] === 0 ? reachedIpv4(prefix, address) : undefined;
}

/** The same whatever is in the bits 64 to 71: there are translators that do not look at them. */
export function reachedIpv4(prefix: Cidr, address: Uint8Array): Uint8Array | undefined {
  if (address.length !== 16) return undefined;
  const length = prefix.prefix / 8;
  for (let index = 0; index < length; index++) if (address[index] !== prefix.bytes[index]) return undefined;
  return Uint8Array.from(placesOf(prefix), (place) => address[place]!);
}

/** Where the four bytes stand. */
function placesOf({ prefix }: Cidr): number[] {
  const first = prefix / 8;
  return [0, 1, 2, 3]
    .map((step) => first + step)
    .map((place) => (first <= U_OCTET && place >= U_OCTET ? place + 1 : place));
}
