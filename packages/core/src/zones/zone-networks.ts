import type { NetworkList } from './network-list.ts';
import { PrefixTable } from './prefix-table.ts';

/** To which zone a network belongs. All networks of one source and prefix length share one. */
export interface ZoneEntry {
  readonly zone: string;
  /** Place of the zone in the configuration: where two claim the same network, the first has it. */
  readonly order: number;
  readonly prefix: number;
}

/** A list of networks for a zone. */
export interface NetworkSource {
  readonly zone: string;
  readonly order: number;
  readonly networks: NetworkList;
}

/** Networks that more than one zone claimed: how many, and who lost to whom. */
export interface Contested {
  count: number;
  readonly zones: Map<string, string>;
}

/** Puts sources together. Stops now and then to let others have their turn. */
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

/** The one of two that comes first in the configuration. */
function firstOf(entry: ZoneEntry, known: ZoneEntry, contested: Contested): ZoneEntry {
  const [winner, loser] = known.order < entry.order ? [known, entry] : [entry, known];
  contested.zones.set(loser.zone, winner.zone);
  return winner;
}

/** An address that a name of a zone has. */
export interface HostAddress {
  readonly zone: string;
  readonly order: number;
  readonly bytes: Uint8Array;
}

/** Addresses of names, beside the networks of `table`. */
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
    // The look-up decides between this and what `table` says: lists are replaced at other times than names.
    merged.set(network, other === undefined || entry.order <= other.order ? entry : other);
  }
  return { table: merged, contested };
}

/** The entry of the smaller network, and of two equal ones that of the zone that comes first. */
export function moreSpecific(a: ZoneEntry | undefined, b: ZoneEntry | undefined): ZoneEntry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.prefix !== b.prefix) return a.prefix > b.prefix ? a : b;
  return a.order <= b.order ? a : b;
}
