import { bytes16, bytes4, type Group, key16, key4, type Network, type NetworkList } from './network-list.ts';

/** The values of all networks of one prefix length, by their leading bits. */
interface Level<Key, Value> {
  readonly prefix: number;
  readonly networks: Map<Key, Value>;
}

/** The networks that are merged in one event-loop iteration. */
const BATCH = 4096;

/**
 * A longest-prefix-match table: values by network. A look-up costs one map look-up per prefix length in use (at most 33
 * for IPv4, 129 for IPv6), however many networks there are.
 */
export class PrefixTable<Value> {
  /** Longest prefix first. IPv4 is keyed by number, because that is several times as fast as by bigint. */
  readonly #v4: Level<number, Value>[] = [];
  readonly #v6: Level<bigint, Value>[] = [];

  set({ bytes, prefix }: Network, value: Value): void {
    if (bytes.length === 4) level(this.#v4, prefix).set(key4(bytes, prefix), value);
    else level(this.#v6, prefix).set(key16(bytes, prefix), value);
  }

  /** The value of exactly this network. */
  get({ bytes, prefix }: Network): Value | undefined {
    if (bytes.length === 4) return known(this.#v4, prefix)?.get(key4(bytes, prefix));
    return known(this.#v6, prefix)?.get(key16(bytes, prefix));
  }

  /**
   * Adds all networks of `list`. `value` returns the value for a network of a prefix length, given the value that the table
   * has for it. Yields after each batch, so that the event loop can continue.
   */
  *merge(list: NetworkList, value: (prefix: number, known: Value | undefined) => Value): Generator<void, void> {
    for (const group of list.v4) yield* mergeGroup(group, level(this.#v4, group.prefix), value);
    for (const group of list.v6) yield* mergeGroup(group, level(this.#v6, group.prefix), value);
  }

  /** Every network, in no order. */
  *networks(): Generator<Network, void> {
    for (const { prefix, networks } of this.#v4) {
      for (const key of networks.keys()) yield { bytes: bytes4(key, prefix), prefix };
    }
    for (const { prefix, networks } of this.#v6) {
      for (const key of networks.keys()) yield { bytes: bytes16(key, prefix), prefix };
    }
  }

  /** The value of the smallest network that holds the address. */
  longest(bytes: Uint8Array): Value | undefined {
    return this.#walk(bytes, () => true);
  }

  /** The values of all networks that hold the address, the smallest first. */
  all(bytes: Uint8Array): Value[] {
    const values: Value[] = [];
    this.#walk(bytes, (value) => {
      values.push(value);
      return false;
    });
    return values;
  }

  #walk(bytes: Uint8Array, stop: (value: Value) => boolean): Value | undefined {
    if (bytes.length === 4) {
      const address = key4(bytes, 32);
      return firstOf(this.#v4, (prefix) => (prefix === 0 ? 0 : address >> (32 - prefix)), stop);
    }
    const address = key16(bytes, 128);
    return firstOf(this.#v6, (prefix) => address >> BigInt(128 - prefix), stop);
  }
}

function* mergeGroup<Key, Value>(
  { keys, prefix }: Group<Key>,
  networks: Map<Key, Value>,
  value: (prefix: number, known: Value | undefined) => Value,
): Generator<void, void> {
  let count = 0;
  for (const key of keys) {
    networks.set(key, value(prefix, networks.get(key)));
    count += 1;
    if (count % BATCH === 0) yield;
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

function known<Key, Value>(levels: readonly Level<Key, Value>[], prefix: number): Map<Key, Value> | undefined {
  return levels.find((candidate) => candidate.prefix === prefix)?.networks;
}

function level<Key, Value>(levels: Level<Key, Value>[], prefix: number): Map<Key, Value> {
  const there = known(levels, prefix);
  if (there !== undefined) return there;
  const networks = new Map<Key, Value>();
  levels.push({ prefix, networks });
  levels.sort((a, b) => b.prefix - a.prefix);
  return networks;
}
