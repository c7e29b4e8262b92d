import type { SockAddr } from '../base/address.ts';
import { type Cidr, cidrProblem, parseCidr, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import {
  BUILTIN_ZONES,
  type BuiltinZone,
  effectiveMembership,
  isBuiltinZone,
  plainMembership,
} from './builtin-zones.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { NetworkList } from './network-list.ts';
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
import { ZoneHosts } from './zone-hosts.ts';
import { checkName, lineOf } from './zone-lines.ts';

export type { BuiltinZone } from './builtin-zones.ts';
export type { Contested } from './zone-networks.ts';
export { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

/** A zone of the configuration. Without any addresses of its own it only groups its children. */
export interface ZoneDefinition {
  /** Networks or single addresses: `192.168.0.0/24`, `fd00:1::/48`, `192.0.2.1`. */
  readonly addresses: readonly string[];
  /** Further networks, one list for each file that they come from; see {@link AddressZones.replaceNetworks}. */
  readonly lists?: readonly NetworkList[] | undefined;
  /** Names whose addresses are in the zone, once somebody has looked them up: see `ZoneNames`. */
  readonly hosts?: readonly string[] | undefined;
  /** The zone that everything in this one belongs to as well: another of the configuration, or a built-in one. */
  readonly parent?: string | undefined;
}

/** Where an address belongs. */
export interface ZoneMembership {
  /** By the address alone, whatever the configuration says: the safe defaults go by it. */
  readonly builtin: BuiltinZone;
  /** The zone of the configuration that it belongs to, if any, that zone's ancestors, then `builtin`. */
  readonly names: readonly string[];
}

const MEMO_LIMIT = 8192;

/** A socket in the file system is on this machine. */
const UNIX_MEMBERSHIP: ZoneMembership = { builtin: 'loopback', names: ['loopback'] };
/** Text that is no address at all: for nobody. */
const NO_ADDRESS: ZoneMembership = { builtin: 'reserved', names: ['reserved'] };

/**
 * The zones of a configuration and the built-in ones: `loopback`, `private` (RFC 1918, unique local, shared
 * 100.64/10), `linkLocal` (cloud metadata services in other ranges included), `reserved` and `public`.
 *
 * An address belongs to the most specific zone that holds it (the longest prefix; a zone of the configuration before
 * a built-in one) and to that zone's ancestors. So a zone `internet: [0.0.0.0/0]` holds neither 127.0.0.1 nor
 * 10.0.0.1, for which there are smaller zones; `public` is simply what no other built-in zone holds. Every address
 * belongs to its built-in class as well. Unless said otherwise an address is judged as a server's: then its class is
 * that of the worst IPv4 address that it embeds (NAT64, 6to4, Teredo, …).
 *
 * What a zone holds may change while the program runs: lists and names are replaced. Whoever keeps an answer compares
 * `generation`, which is another one after every change.
 */
export class AddressZones {
  readonly #lines = new Map<string, readonly string[]>();
  /** Of lists there may be many; kept only if there is one, to put them together anew when one changes. */
  #sources: NetworkSource[] = [];
  readonly #hosts = new ZoneHosts();
  #networks = new PrefixTable<ZoneEntry>();
  #addresses: PrefixTable<ZoneEntry> | undefined = undefined;
  #contested: Contested = { count: 0, zones: new Map() };
  #memo = new BoundedMemo<string, ZoneMembership>(MEMO_LIMIT);
  #generation = 0;
  /** The last change of lists: they are put together one after the other. */
  #merging: Promise<unknown> = Promise.resolve();

  /**
   * Throws {@link PolicyConfigurationError} for a built-in name, an unknown parent, a circle of parents, what is not
   * a network or a name, and a network or a name in two zones. Of lists, the first zone gets what two of them hold.
   */
  constructor(zones: Readonly<Record<string, ZoneDefinition>> = {}) {
    const definitions = new Map(Object.entries(zones));
    for (const [name, definition] of definitions) {
      checkName(name);
      const order = this.#lines.size;
      this.#lines.set(name, lineOf(name, definitions));
      const own = new NetworkList();
      definition.addresses.forEach((text, index) => own.add(this.#addNetwork({ zone: name, order }, text, index)));
      for (const networks of [own, ...(definition.lists ?? [])]) this.#sources.push({ zone: name, order, networks });
      this.#hosts.add(name, order, definition.hosts ?? []);
    }
    if (this.#sources.length === this.#lines.size) this.#sources = [];
    else this.#take(runAtOnce(mergeSources(this.#sources)));
  }

  /** Changes whenever an address may have got into another zone. */
  get generation(): number {
    return this.#generation;
  }

  /** Networks of lists that several zones claim. */
  get contested(): Contested {
    return this.#contested;
  }

  /** The names of zones, each with the zone it belongs to. */
  get hosts(): ReadonlyMap<string, string> {
    return this.#hosts.zones;
  }

  /**
   * Puts `networks` in the place of the list number `index` of a zone, all at once, but not at one go: others have their
   * turn meanwhile. Resolves with what is contested then.
   */
  replaceNetworks(zone: string, index: number, networks: NetworkList): Promise<Contested> {
    const change = async (): Promise<Contested> => {
      const at = this.#sources.findIndex((source) => source.zone === zone) + 1 + index;
      const source = this.#sources[at];
      if (source?.zone !== zone) throw new RangeError(`The zone "${zone}" has no list ${index}.`);
      this.#sources[at] = { ...source, networks };
      this.#take(await runInIterations(mergeSources(this.#sources)));
      return this.#contested;
    };
    const done = this.#merging.then(change);
    this.#merging = done.catch(() => undefined);
    return done;
  }

  /** Says which addresses the names have now. Returns what is contested then. */
  replaceHosts(addresses: ReadonlyMap<string, readonly Uint8Array[]>): Contested {
    const { table, contested } = mergeHosts(this.#hosts.entries(addresses), this.#networks);
    this.#addresses = table;
    this.#changed();
    return contested;
  }

  /** Whether a zone of that name exists, built-in ones included. */
  has(name: string): boolean {
    return this.#lines.has(name) || isBuiltinZone(name);
  }

  /** Every zone's name, the built-in ones last. */
  get names(): readonly string[] {
    return [...this.#lines.keys(), ...BUILTIN_ZONES];
  }

  builtinZone(addr: SockAddr): BuiltinZone {
    return this.#membership(addr).builtin;
  }

  /** The zone of the configuration that holds the address, that zone's ancestors, then the built-in one. */
  zonesOf(addr: SockAddr, judgedAs: 'client' | 'server' = 'server'): readonly string[] {
    if (judgedAs === 'server' || addr.family === 'unix') return this.#membership(addr).names;
    const bytes = parseIp(addr.address);
    return (bytes === undefined ? NO_ADDRESS : this.membershipOf(bytes, 'client')).names;
  }

  contains(zone: string, addr: SockAddr): boolean {
    return this.zonesOf(addr).includes(zone);
  }

  /** Not memoised. A client's address is judged as it stands, whatever IPv4 address it may embed. */
  membershipOf(bytes: Uint8Array, judgedAs: 'client' | 'server'): ZoneMembership {
    const builtin = judgedAs === 'client' ? plainMembership(bytes) : effectiveMembership(bytes);
    const network = moreSpecific(this.#networks.longest(bytes), this.#addresses?.longest(bytes));
    const line = network === undefined || network.prefix < builtin.prefix ? [] : this.#lines.get(network.zone)!;
    return { builtin: builtin.zone, names: line.includes(builtin.zone) ? line : [...line, builtin.zone] };
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

  #take({ table, contested }: { table: PrefixTable<ZoneEntry>; contested: Contested }): void {
    this.#networks = table;
    this.#contested = contested;
    this.#changed();
  }

  #changed(): void {
    this.#memo = new BoundedMemo(MEMO_LIMIT);
    this.#generation += 1;
  }
}
