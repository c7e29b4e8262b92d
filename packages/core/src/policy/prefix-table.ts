import type { Cidr } from '../ip.ts';

/** The networks of one prefix length, by their leading bits. */
interface Level<Key, Value> {
  readonly prefix: number;
  readonly networks: Map<Key, Value>;
}

/**
 * Values by network. A look-up costs one map look-up per prefix length in use (at most 33 or 129), however many
 * networks there are.
 */
export class PrefixTable<Value> {
  /** Longest prefix first. IPv4 is keyed by number because that is several times as fast as by bigint. */
  readonly #v4: Level<number, Value>[] = [];
  readonly #v6: Level<bigint, Value>[] = [];

  set({ octets, prefix }: Cidr, value: Value): void {
    if (octets.length === 4) level(this.#v4, prefix).set(leading4(number4(octets), prefix), value);
    else level(this.#v6, prefix).set(number16(octets) >> BigInt(128 - prefix), value);
  }

  /** The value of exactly this network. */
  get({ octets, prefix }: Cidr): Value | undefined {
    if (octets.length === 4) return level(this.#v4, prefix).get(leading4(number4(octets), prefix));
    return level(this.#v6, prefix).get(number16(octets) >> BigInt(128 - prefix));
  }

  /** The value of the smallest network that holds the address. */
  longest(octets: Uint8Array): Value | undefined {
    return this.#walk(octets, () => true);
  }

  /** The values of all networks that hold the address, the smallest first. */
  all(octets: Uint8Array): Value[] {
    const values: Value[] = [];
    this.#walk(octets, (value) => {
      values.push(value);
      return false;
    });
    return values;
  }

  #walk(octets: Uint8Array, stop: (value: Value) => boolean): Value | undefined {
    if (octets.length === 4) {
      const address = number4(octets);
      return firstOf(this.#v4, (prefix) => leading4(address, prefix), stop);
    }
    const address = number16(octets);
    return firstOf(this.#v6, (prefix) => address >> BigInt(128 - prefix), stop);
  }
}

function firstOf<Key, Value>(
  levels: readonly Level<Key, Value>[],
  keyOf: (prefix: number) => Key,
  stop: (value: Value) => boolean,
): Value | undefined {
  for (const { prefix, networks } of levels) {
    const value = networks.get(keyOf(prefix));
    if (value !== undefined && stop(value)) return value;
  }
  return undefined;
}

function level<Key, Value>(levels: Level<Key, Value>[], prefix: number): Map<Key, Value> {
  const known = levels.find((candidate) => candidate.prefix === prefix);
  if (known !== undefined) return known.networks;
  const networks = new Map<Key, Value>();
  levels.push({ prefix, networks });
  levels.sort((a, b) => b.prefix - a.prefix);
  return networks;
}

/** A shift by 32 is a shift by 0 in JavaScript, hence the special case. */
function leading4(address: number, prefix: number): number {
  return prefix === 0 ? 0 : address >>> (32 - prefix);
}

function number4(octets: Uint8Array): number {
  return ((octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!) >>> 0;
}

function number16(octets: Uint8Array): bigint {
  const view = new DataView(octets.buffer, octets.byteOffset, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}
