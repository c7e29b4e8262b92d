import type { Cidr } from '../base/ip.ts';

/** Joins the network bits of `network` and the host bits of `address`. Both must be of one family. */
export function withHostBits(network: Cidr, address: Uint8Array): Uint8Array {
  return address.map((byte, index) => {
    const hostMask = 0xff >> Math.min(8, Math.max(0, network.prefix - index * 8));
    return network.bytes[index]! | (byte & hostMask);
  });
}

/** The number of addresses in a network. */
export function sizeOf({ bytes, prefix }: Cidr): bigint {
  return 1n << BigInt(bytes.length * 8 - prefix);
}

/** The address at `index` in `network`, counted from 0. */
export function addressAt(network: Cidr, index: bigint): Uint8Array {
  const bytes = Uint8Array.from(network.bytes);
  let rest = index;
  for (let place = bytes.length - 1; rest > 0n; place--) {
    bytes[place]! |= Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Whether two networks have an address in common. One of them then contains the other. */
export function overlap(one: Cidr, other: Cidr): boolean {
  if (one.bytes.length !== other.bytes.length) return false;
  const [larger, smaller] = one.prefix <= other.prefix ? [one, other] : [other, one];
  return withHostBits(larger, smaller.bytes).every((byte, index) => byte === smaller.bytes[index]);
}

/** A number from 0 to `count` − 1. It is the same for a `key` in every process, and keys are spread evenly over all numbers. */
export function numberFor(key: string, count: bigint): bigint {
  return ((hash64(key, 1n) << 64n) | hash64(key, 2n)) % count;
}

/** The 64-bit FNV-1a hash, then the finaliser of MurmurHash3, so that every bit depends on the whole key. */
function hash64(key: string, seed: bigint): bigint {
  let hash = 0xcbf29ce484222325n ^ seed;
  for (let index = 0; index < key.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(key.charCodeAt(index))) * 0x100000001b3n);
  }
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return hash ^ (hash >> 33n);
}
