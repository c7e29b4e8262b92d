import type { SockAddr } from '../base/address.ts';
import { type Cidr, cidrProblem, embeddedIpv4, parseCidr, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import type { BuiltinZone } from './builtin-zones.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import { PrefixTable } from './prefix-table.ts';
import type { AddressZones } from './zones.ts';

/** The zones and networks of a rule's `clients` or `servers`. */
export interface AddressCondition {
  /** Names of zones, and canonical texts of networks. */
  readonly names: readonly string[];
  readonly networks: readonly Cidr[];
}

/** Reads a list of zone names and CIDRs. Throws {@link PolicyConfigurationError}. */
export function compileAddresses(
  base: string,
  path: SettingPath,
  texts: readonly string[],
  zones: AddressZones,
): AddressCondition {
  const networks: Cidr[] = [];
  const names = texts.map((text, index) => {
    if (zones.has(text)) return text;
    const cidr = parseCidr(text);
    if (cidr === undefined) throw new PolicyConfigurationError(base, [...path, index], problemOf(text, zones));
    networks.push(cidr);
    return cidr.text;
  });
  return { names, networks };
}

/** Whether an address of a client is in one of the zones and networks. Throws {@link PolicyConfigurationError}. */
export function addressMatcher(
  base: string,
  path: SettingPath,
  texts: readonly string[],
  zones: AddressZones,
): (address: SockAddr) => boolean {
  const { names, networks } = compileAddresses(base, path, texts, zones);
  const classes = new AddressClasses(zones, 'client', networks);
  return (address) => {
    const found = classes.of(address);
    return names.some((name) => found.names.has(name));
  };
}

function problemOf(text: string, zones: AddressZones): string {
  const meantAddress = text.includes('/') || text.includes(':') || /^[0-9.]+$/.test(text);
  if (meantAddress) return cidrProblem(text)!;
  return `"${text}" is neither a zone nor an address; the zones are ${zones.names.join(', ')}.`;
}

/** What the rules of a table can tell about an address. Addresses that no rule can tell apart share one object. */
export interface AddressClass {
  readonly builtin: BuiltinZone;
  /** The most specific zone that holds the address itself. */
  readonly zone: string;
  /** The zones and networks that hold the address itself. */
  readonly names: ReadonlySet<string>;
  /** `names`, and the zones and networks that hold an IPv4 address which the address embeds. */
  readonly reachable: ReadonlySet<string>;
}

const MEMO_LIMIT = 8192;

function plainClass(builtin: BuiltinZone): AddressClass {
  return { builtin, zone: builtin, names: new Set([builtin]), reachable: new Set([builtin]) };
}

/** The class of every Unix socket: on this machine, in no network. */
const UNIX_CLASS = plainClass('loopback');
/** The class of text that is not an address. No default lets anyone reach it. */
const NO_ADDRESS = plainClass('reserved');

/** Finds the {@link AddressClass} of the addresses of one side (clients or servers). */
export class AddressClasses {
  readonly #zones: AddressZones;
  readonly #side: 'client' | 'server';
  readonly #networks = new PrefixTable<string>();
  #memo = new BoundedMemo<string, AddressClass>(MEMO_LIMIT);
  /** The address that was asked about last, because the next one is often the same, and a comparison costs less than a look-up. */
  #lastAddress: string | undefined = undefined;
  #last: AddressClass = NO_ADDRESS;
  /** The generation of the zones that these were filled from. */
  #generation: number;
  /** Classes by the names that they hold, so they stay valid when zones change. */
  readonly #classes = new BoundedMemo<string, AddressClass>(MEMO_LIMIT);

  constructor(zones: AddressZones, side: 'client' | 'server', networks: Iterable<Cidr>) {
    this.#zones = zones;
    this.#side = side;
    this.#generation = zones.generation;
    for (const network of networks) this.#networks.set(network, network.text);
  }

  of(addr: SockAddr): AddressClass {
    if (addr.family === 'unix') return UNIX_CLASS;
    if (this.#generation !== this.#zones.generation) this.#forget();
    const { address } = addr;
    if (address === this.#lastAddress) return this.#last;
    const found = this.#memo.get(address) ?? this.#find(address);
    this.#lastAddress = address;
    this.#last = found;
    return found;
  }

  #find(address: string): AddressClass {
    const bytes = parseIp(address);
    const found = bytes === undefined ? NO_ADDRESS : this.#classify(bytes);
    this.#memo.set(address, found);
    return found;
  }

  #forget(): void {
    this.#memo = new BoundedMemo(MEMO_LIMIT);
    this.#lastAddress = undefined;
    this.#generation = this.#zones.generation;
  }

  #classify(bytes: Uint8Array): AddressClass {
    const { builtin, names: zones } = this.#zones.membershipOf(bytes, this.#side);
    const names = [...zones, ...this.#networks.all(bytes)];
    const embedded = this.#side === 'client' ? [] : embeddedIpv4(bytes).flatMap((inner) => this.#namesOf(inner.bytes));
    const id = `${names.join('\n')}\n\n${embedded.join('\n')}`;
    let found = this.#classes.get(id);
    if (found === undefined) {
      found = { builtin, zone: zones[0]!, names: new Set(names), reachable: new Set([...names, ...embedded]) };
      this.#classes.set(id, found);
    }
    return found;
  }

  #namesOf(bytes: Uint8Array): string[] {
    return [...this.#zones.membershipOf(bytes, this.#side).names, ...this.#networks.all(bytes)];
  }
}
