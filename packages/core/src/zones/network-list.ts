import type { Cidr } from '../base/ip.ts';

export type Network = Pick<Cidr, 'bytes' | 'prefix'>;

/** The networks of one prefix length. Each is a number of its leading bits. */
export interface Group<Key> {
  readonly prefix: number;
  readonly keys: Key[];
}

/**
 * A compact list of networks: about 8 bytes for an IPv4 network, 32 for an IPv6 network. `PrefixTable.merge` takes it.
 */
export class NetworkList {
  readonly v4: Group<number>[] = [];
  readonly v6: Group<bigint>[] = [];
  #size = 0;

  /** The number of networks that were added, repetitions included. */
  get size(): number {
    return this.#size;
  }

  /** Adds a network. The bits of its address behind the prefix do not count. */
  add({ bytes, prefix }: Network): void {
    if (bytes.length === 4) groupOf(this.v4, prefix).push(key4(bytes, prefix));
    else groupOf(this.v6, prefix).push(key16(bytes, prefix));
    this.#size += 1;
  }

  /** Adds an IPv4 network by its leading bits, as `key4` returns them. Always true. */
  addKey4(key: number, prefix: number): true {
    groupOf(this.v4, prefix).push(key);
    this.#size += 1;
    return true;
  }
}

function groupOf<Key>(groups: Group<Key>[], prefix: number): Key[] {
  for (const group of groups) if (group.prefix === prefix) return group.keys;
  const group: Group<Key> = { prefix, keys: [] };
  groups.push(group);
  return group.keys;
}

/**
 * The leading `prefix` bits of 4 bytes, as a signed 32-bit number, because V8 stores these without a heap object. A
 * prefix of 0 is a special case, because JavaScript shifts by 32 as by 0.
 */
export function key4(bytes: Uint8Array, prefix: number): number {
  const address = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  return prefix === 0 ? 0 : address >> (32 - prefix);
}

/** The leading `prefix` bits of 16 bytes. */
export function key16(bytes: Uint8Array, prefix: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return ((view.getBigUint64(0) << 64n) | view.getBigUint64(8)) >> BigInt(128 - prefix);
}

/** The first address of the network that `key4` gave the key of. */
export function bytes4(key: number, prefix: number): Uint8Array {
  const address = prefix === 0 ? 0 : key << (32 - prefix);
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

/** The first address of the network that {@link key16} gave the key of. */
export function bytes16(key: bigint, prefix: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const address = key << BigInt(128 - prefix);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, address & 0xffff_ffff_ffff_ffffn);
  return bytes;
}
