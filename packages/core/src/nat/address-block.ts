import type { Cidr } from '../base/ip.ts';

/** The address of `network` with the host bits of `address`. Both have as many bits. */
export function withHostBits(network: Cidr, address: Uint8Array): Uint8Array {
  return address.map((byte, index) => {
    const hostMask = 0xff >> Math.min(8, Math.max(0, network.prefix - index * 8));
    return network.bytes[index]! | (byte & hostMask);
  });
}

/** How many addresses a network has. */
export function sizeOf({ bytes, prefix }: Cidr): bigint {
  return 1n << BigInt(bytes.length * 8 - prefix);
}

/** The address that stands `index` after the first of `network`. */
export function addressAt(network: Cidr, index: bigint): Uint8Array {
  const bytes = Uint8Array.from(network.bytes);
  let rest = index;
  for (let place = bytes.length - 1; rest > 0n; place--) {
    bytes[place]! |= Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Whether two networks have an address in common: then one holds the other. */
export function overlap(one: Cidr, other: Cidr): boolean {
  if (one.bytes.length !== other.bytes.length) return false;
  const [larger, smaller] = one.prefix <= other.prefix ? [one, other] : [other, one];
  return withHostBits(larger, smaller.bytes).every((byte, index) => byte === smaller.bytes[index]);
}

/** A number from 0 to `count` − 1 that is always the same for `key`, in every process, and as likely as any other. */
export function numberFor(key: string, count: bigint): bigint {
  return ((hash64(key, 1n) << 64n) | hash64(key, 2n)) % count;
}

/** FNV-1a of 64 bits, its bits then mixed (the finaliser of MurmurHash3): all of them depend on the whole key. */
function hash64(key: string, seed: bigint): bigint {
  let hash = 0xcbf29ce484222325n ^ seed;
  for (let index = 0; index < key.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(key.charCodeAt(index))) * 0x100000001b3n);
  }
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return hash ^ (hash >> 33n);
}
