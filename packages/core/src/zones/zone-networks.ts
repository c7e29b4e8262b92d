import type { NetworkList } from './network-list.ts';
import { PrefixTable } from './prefix-table.ts';

/** The zone of a network. All networks of one source and prefix length share one object. */
export interface ZoneEntry {
  readonly zone: string;
  /** The place of the zone in the configuration. If two zones have the same network, the first one gets it. */
  readonly order: number;
  readonly prefix: number;
}

/** A list of networks that belongs to a zone. */
export interface NetworkSource {
  readonly zone: string;
  readonly order: number;
  readonly networks: NetworkList;
}

/** Networks that more than one zone has: their number, and for each zone that lost some the zone that got them. */
export interface Contested {
  count: number;
  readonly zones: Map<string, string>;
}

/** Merges sources into one table. Yields after each batch, so that the event loop can continue. */
export function* mergeSources(
  sources: readonly NetworkSource[],
): Generator<void, { readonly table: PrefixTable<ZoneEntry>; readonly contested: Contested }> {
  const table = new PrefixTable<ZoneEntry>();
  const contested: Contested = { count: 0, zones: new Map() };
  for (const { zone, order, networks } of sources) {
    const entries: ZoneEntry[] = [];
    yield* table.merge(networks, (prefix, known) => {
      const entry = (entries[prefix] ??= { zone, order, prefix });
      if (known === undefined || known.zone === zone) return entry;
      contested.count += 1;
      return firstOf(entry, known, contested);
    });
  }
  return { table, contested };
}

/** Returns the entry whose zone comes first in the configuration, and records the conflict. */
function firstOf(entry: ZoneEntry, known: ZoneEntry, contested: Contested): ZoneEntry {
  const [winner, loser] = known.order < entry.order ? [known, entry] : [entry, known];
  contested.zones.set(loser.zone, winner.zone);
  return winner;
}

/** An address of a host name of a zone. */
export interface HostAddress {
  readonly zone: string;
  readonly order: number;
  readonly bytes: Uint8Array;
}

/** Merges the addresses of host names into a table, and counts conflicts with the networks of `table`. */
export function mergeHosts(
  hosts: Iterable<HostAddress>,
  table: PrefixTable<ZoneEntry>,
): { readonly table: PrefixTable<ZoneEntry>; readonly contested: Contested } {
  const contested: Contested = { count: 0, zones: new Map() };
  const merged = new PrefixTable<ZoneEntry>();
  for (const { zone, order, bytes } of hosts) {
    const prefix = bytes.length * 8;
    const network = { bytes, prefix };
    const entry: ZoneEntry = { zone, order, prefix };
    const other = merged.get(network);
    const rivals = [other, table.get(network)]
      .filter((rival) => rival !== undefined)
      .filter((rival) => rival.zone !== zone);
    if (rivals.length > 0) contested.count += 1;
    for (const rival of rivals) firstOf(entry, rival, contested);
    // Conflicts with `table` are decided at each look-up (`moreSpecific`), because lists and names change at different times.
    merged.set(network, other === undefined || entry.order <= other.order ? entry : other);
  }
  return { table: merged, contested };
}

/** Returns the entry with the longer prefix. Of two equal ones, the zone that comes first in the configuration decides. */
export function moreSpecific(a: ZoneEntry | undefined, b: ZoneEntry | undefined): ZoneEntry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.prefix !== b.prefix) return a.prefix > b.prefix ? a : b;
  return a.order <= b.order ? a : b;
}
