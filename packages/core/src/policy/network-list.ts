import type { Cidr } from '../ip.ts';

export type Network = Pick<Cidr, 'octets' | 'prefix'>;

/** The networks of one prefix length, each as its leading bits. */
export interface Group<Key> {
  readonly prefix: number;
  readonly keys: Key[];
}

/**
 * Networks in little memory, and in the form in which a `PrefixTable` takes them: about 8 octets for one of IPv4, 32 for
 * one of IPv6.
 */
export class NetworkList {
  readonly v4: Group<number>[] = [];
  readonly v6: Group<bigint>[] = [];
  #size = 0;

  /** Networks that were added, repetitions included. */
  get size(): number {
    return this.#size;
  }

  add({ octets, prefix }: Network): void {
    if (octets.length === 4) groupOf(this.v4, prefix).push(key4(octets, prefix));
    else groupOf(this.v6, prefix).push(key16(octets, prefix));
    this.#size += 1;
  }
}

function groupOf<Key>(groups: Group<Key>[], prefix: number): Key[] {
  let group = groups.find((candidate) => candidate.prefix === prefix);
  if (group === undefined) groups.push((group = { prefix, keys: [] }));
  return group.keys;
}

/**
 * The leading `prefix` bits of 4 octets as a signed number, which the engine keeps without an object of its own. A shift
 * by 32 is a shift by 0 in JavaScript, hence the special case.
 */
export function key4(octets: Uint8Array, prefix: number): number {
  const address = (octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!;
  return prefix === 0 ? 0 : address >> (32 - prefix);
}

/** The leading `prefix` bits of 16 octets. */
export function key16(octets: Uint8Array, prefix: number): bigint {
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  return ((view.getBigUint64(0) << 64n) | view.getBigUint64(8)) >> BigInt(128 - prefix);
}
