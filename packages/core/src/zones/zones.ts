import type { SockAddr } from '../base/address.ts';
import { type Cidr, cidrProblem, parseCidr, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import {
  builtinNetworks,
  BUILTIN_ZONES,
  type BuiltinZone,
  effectiveMembership,
  isBuiltinZone,
  plainMembership,
} from './builtin-zones.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { NetworkList, type Network } from './network-list.ts';
import { runAtOnce, runInIterations } from './network-text.ts';
import { PrefixTable } from './prefix-table.ts';
import {
  type Contested,
  mergeHosts,
  mergeSources,
  moreSpecific,
  type NetworkSource,
  type ZoneEntry,
} from './zone-networks.ts';
import { type AddressRange, rangesWhere } from './zone-ranges.ts';
import { ZoneHosts } from './zone-hosts.ts';
import { checkZoneName, withAncestors } from './zone-ancestors.ts';

export type { AddressRange } from './zone-ranges.ts';
export type { BuiltinZone } from './builtin-zones.ts';
export type { Contested } from './zone-networks.ts';
export { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

/** A zone of the configuration. A zone without addresses of its own groups its children. */
export interface ZoneDefinition {
  /** Networks or single addresses: `192.168.0.0/24`, `fd00:1::/48`, `192.0.2.1`. */
  readonly addresses: readonly string[];
  /** Further networks, one list for each file; see {@link AddressZones.replaceNetworks}. */
  readonly lists?: readonly NetworkList[] | undefined;
  /** Host names whose addresses are in the zone. `ZoneNames` looks them up. */
  readonly hosts?: readonly string[] | undefined;
  /** The zone that contains this one: another zone of the configuration or a built-in one. */
  readonly parent?: string | undefined;
}

/** The zones of an address. */
export interface ZoneMembership {
  /** The built-in zone, which no configuration changes. The safe defaults are evaluated by it. */
  readonly builtin: BuiltinZone;
  /** The zone of the configuration that the address belongs to, if any, then its ancestors, then `builtin`. */
  readonly names: readonly string[];
}

const MEMO_LIMIT = 8192;

/** A Unix socket is on this machine. */
const UNIX_MEMBERSHIP: ZoneMembership = { builtin: 'loopback', names: ['loopback'] };
/** The zones of text that is not an address. No default lets anyone reach it. */
const NO_ADDRESS: ZoneMembership = { builtin: 'reserved', names: ['reserved'] };

/**
 * The zones of a configuration and the built-in ones: `loopback`, `private` (RFC 1918, unique local, shared
 * 100.64/10), `linkLocal` (cloud metadata services in other ranges included), `reserved` and `public`.
 *
 * An address belongs to the most specific zone that holds it and to the ancestors of that zone. The longest prefix is the
 * most specific; at the same length a zone of the configuration comes before a built-in one. So a zone
 * `internet: [0.0.0.0/0]` holds neither 127.0.0.1 nor 10.0.0.1, because the built-in zones for these have longer prefixes.
 * `public` holds what no other built-in zone does. Every address belongs to its built-in zone too. An address is evaluated
 * as a server's unless a parameter says otherwise: its built-in zone is then the most restricted one of the address itself
 * and of the IPv4 addresses that it embeds (NAT64, 6to4, Teredo, …).
 *
 * Zones may change while the program runs, because lists and host names are replaced. Caches compare `generation`, which
 * changes with them.
 */
export class AddressZones {
  readonly #ancestries = new Map<string, readonly string[]>();
  /** The lists of all zones, to merge them again when one changes. Empty when no zone has a list. */
  #sources: NetworkSource[] = [];
  readonly #hosts = new ZoneHosts();
  #networks = new PrefixTable<ZoneEntry>();
  #addresses: PrefixTable<ZoneEntry> | undefined = undefined;
  #contested: Contested = { count: 0, zones: new Map() };
  #memo = new BoundedMemo<string, ZoneMembership>(MEMO_LIMIT);
  #generation = 0;
  /** The last change of lists, because changes are merged one after the other. */
  #merging: Promise<unknown> = Promise.resolve();

  /**
   * Throws {@link PolicyConfigurationError} for a built-in name, an unknown parent, a circle of parents, text that is not a
   * network or host name, and a network or host name in two zones. If lists of two zones overlap, the first zone gets it.
   */
  constructor(zones: Readonly<Record<string, ZoneDefinition>> = {}) {
    const definitions = new Map(Object.entries(zones));
    for (const [name, definition] of definitions) {
      checkZoneName(name);
      const order = this.#ancestries.size;
      this.#ancestries.set(name, withAncestors(name, definitions));
      const own = new NetworkList();
      definition.addresses.forEach((text, index) => own.add(this.#addNetwork({ zone: name, order }, text, index)));
      for (const networks of [own, ...(definition.lists ?? [])]) this.#sources.push({ zone: name, order, networks });
      this.#hosts.add(name, order, definition.hosts ?? []);
    }
    if (this.#sources.length === this.#ancestries.size) this.#sources = [];
    else this.#publish(runAtOnce(mergeSources(this.#sources)));
  }

  /** Changes whenever the zone of an address may have changed. */
  get generation(): number {
    return this.#generation;
  }

  /** Networks in the lists of several zones. */
  get contested(): Contested {
    return this.#contested;
  }

  /** The host names of zones, each with its zone. */
  get hosts(): ReadonlyMap<string, string> {
    return this.#hosts.zones;
  }

  /**
   * Replaces the list `index` of a zone. The merge takes several event-loop iterations, and takes effect at once at its end.
   * Resolves with the conflicts between zones.
   */
  replaceNetworks(zone: string, index: number, networks: NetworkList): Promise<Contested> {
    const change = async (): Promise<Contested> => {
      const at = this.#sources.findIndex((source) => source.zone === zone) + 1 + index;
      const source = this.#sources[at];
      if (source?.zone !== zone) throw new RangeError(`The zone "${zone}" has no list ${index}.`);
      this.#sources[at] = { ...source, networks };
      this.#publish(await runInIterations(mergeSources(this.#sources)));
      return this.#contested;
    };
    const done = this.#merging.then(change);
    this.#merging = done.catch(() => undefined);
    return done;
  }

  /** Replaces the addresses of host names. Returns the conflicts between zones. */
  replaceHosts(addresses: ReadonlyMap<string, readonly Uint8Array[]>): Contested {
    const { table, contested } = mergeHosts(this.#hosts.entries(addresses), this.#networks);
    this.#addresses = table;
    this.#changed();
    return contested;
  }

  /** Whether a zone of that name exists, built-in ones included. */
  has(name: string): boolean {
    return this.#ancestries.has(name) || isBuiltinZone(name);
  }

  /** Every zone's name, the built-in ones last. */
  get names(): readonly string[] {
    return [...this.#ancestries.keys(), ...BUILTIN_ZONES];
  }

  /** Which of the zones that are always there an address is in. */
  builtinZone(addr: SockAddr): BuiltinZone {
    return this.#membership(addr).builtin;
  }

  /** The zone of the configuration that holds the address, that zone's ancestors, then the built-in one. */
  zonesOf(addr: SockAddr, side: 'client' | 'server' = 'server'): readonly string[] {
    if (side === 'server' || addr.family === 'unix') return this.#membership(addr).names;
    const bytes = parseIp(addr.address);
    return (bytes === undefined ? NO_ADDRESS : this.membershipOf(bytes, 'client')).names;
  }

  /** Whether an address is in a zone, or in one whose ancestor that zone is. */
  contains(zone: string, addr: SockAddr): boolean {
    return this.zonesOf(addr).includes(zone);
  }

  /**
   * The addresses of a zone, the IPv4 addresses that others embed left out. It takes a moment where zones have many networks: half a
   * second for 100,000.
   */
  rangesOf(zone: string): AddressRange[] {
    const networks = [this.#networks.networks(), this.#addresses?.networks() ?? [], builtinNetworks()];
    return rangesWhere(flatten(networks), (bytes) => this.membershipOf(bytes, 'client').names.includes(zone));
  }

  /** Not memoised. IPv4 addresses that a client's address embeds are ignored. */
  membershipOf(bytes: Uint8Array, side: 'client' | 'server'): ZoneMembership {
    const builtin = side === 'client' ? plainMembership(bytes) : effectiveMembership(bytes);
    const network = moreSpecific(this.#networks.longest(bytes), this.#addresses?.longest(bytes));
    const names = network === undefined || network.prefix < builtin.prefix ? [] : this.#ancestries.get(network.zone)!;
    return { builtin: builtin.zone, names: names.includes(builtin.zone) ? names : [...names, builtin.zone] };
  }

  #membership(addr: SockAddr): ZoneMembership {
    if (addr.family === 'unix') return UNIX_MEMBERSHIP;
    const known = this.#memo.get(addr.address);
    if (known !== undefined) return known;
    const bytes = parseIp(addr.address);
    const membership = bytes === undefined ? NO_ADDRESS : this.membershipOf(bytes, 'server');
    this.#memo.set(addr.address, membership);
    return membership;
  }

  #addNetwork({ zone, order }: Pick<ZoneEntry, 'zone' | 'order'>, text: string, index: number): Cidr {
    const path = [zone, 'addresses', index];
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new PolicyConfigurationError('zones', path, cidrProblem(text)!);
    const other = this.#networks.get(cidr);
    if (other !== undefined && other.zone !== zone) {
      const message = `${cidr.text} is in the zone "${other.zone}" already; a network belongs to one zone.`;
      throw new PolicyConfigurationError('zones', path, message);
    }
    this.#networks.set(cidr, { zone, order, prefix: cidr.prefix });
    return cidr;
  }

  #publish({ table, contested }: { table: PrefixTable<ZoneEntry>; contested: Contested }): void {
    this.#networks = table;
    this.#contested = contested;
    this.#changed();
  }

  #changed(): void {
    this.#memo = new BoundedMemo(MEMO_LIMIT);
    this.#generation += 1;
  }
}

function* flatten(lists: readonly Iterable<Network>[]): Generator<Network, void> {
  for (const list of lists) yield* list;
}
