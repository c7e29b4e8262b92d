import { type Cidr, cidrProblem, parseCidr } from '../base/ip.ts';

/** The lengths that a prefix may have (RFC 6052 section 2.2). */
const LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** The index of the byte of bits 64 to 71 ("u"). It is zero in every IPv4-embedded IPv6 address, so the IPv4 bytes skip it. */
const U_BYTE = 8;

/** The well-known prefix, `64:ff9b::/96`, which stands for global IPv4 addresses only (section 3.1). */
export const WELL_KNOWN_PREFIX: Cidr = parseCidr('64:ff9b::/96')!;

/** Reads a prefix that can embed IPv4 addresses, or returns one sentence that says what is wrong with it. */
export function parseNat64Prefix(text: string): Cidr | string {
  const prefix = parseCidr(text);
  if (prefix === undefined) return cidrProblem(text)!;
  if (prefix.bytes.length !== 16 || !LENGTHS.includes(prefix.prefix)) {
    return `"${text}" is not a NAT64 prefix: it must be IPv6, of length 32, 40, 48, 56, 64 or 96 (RFC 6052).`;
  }
  if (prefix.bytes[U_BYTE] !== 0) return `The bits 64 to 71 of the NAT64 prefix "${text}" must be zero (RFC 6052).`;
  return prefix;
}

/** Embeds an IPv4 address (4 bytes) in a prefix. Returns the IPv6 address (16 bytes). */
export function embedIpv4(prefix: Cidr, address: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(prefix.bytes);
  placesOf(prefix).forEach((place, index) => (bytes[place] = address[index]!));
  return bytes;
}

/**
 * Extracts the IPv4 address (4 bytes) from an IPv6 address (16 bytes). Returns undefined when the address is not in the
 * prefix or its bits 64 to 71 are not zero. The bits after the IPv4 address are ignored (section 2.2).
 */
export function extractIpv4(prefix: Cidr, address: Uint8Array): Uint8Array | undefined {
  return address[U_BYTE] === 0 ? reachedIpv4(prefix, address) : undefined;
}

/** Does the same whatever the bits 64 to 71 are, because some translators ignore them. */
export function reachedIpv4(prefix: Cidr, address: Uint8Array): Uint8Array | undefined {
  if (address.length !== 16) return undefined;
  const length = prefix.prefix / 8;
  for (let index = 0; index < length; index++) if (address[index] !== prefix.bytes[index]) return undefined;
  return Uint8Array.from(placesOf(prefix), (place) => address[place]!);
}

/** The indexes of the four IPv4 bytes in the IPv6 address. */
function placesOf({ prefix }: Cidr): number[] {
  const first = prefix / 8;
  return [0, 1, 2, 3]
    .map((step) => first + step)
    .map((place) => (first <= U_BYTE && place >= U_BYTE ? place + 1 : place));
}
