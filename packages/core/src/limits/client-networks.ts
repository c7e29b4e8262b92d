import type { SockAddr } from '../base/address.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { formatIp, parseIp } from '../base/ip.ts';

/** Addresses whose network is remembered. */
const REMEMBERED = 4_096;

/** What counts as one client. */
export interface ClientPrefixes {
  /** Bits, 1 to 32. */
  readonly ipv4Prefix: number;
  /** Bits, 1 to 128. */
  readonly ipv6Prefix: number;
}

/** One machine may use every address of its /64. */
export const USUAL_PREFIXES: ClientPrefixes = { ipv4Prefix: 32, ipv6Prefix: 64 };

/** The network that an address belongs to, which is what counts as one client: an IPv4 address and a /64 of IPv6, unless it is said otherwise. */
export class ClientNetworks {
  readonly #prefixes: ClientPrefixes;
  readonly #known = new BoundedMemo<string, string>(REMEMBERED);

  constructor(prefixes: ClientPrefixes = USUAL_PREFIXES) {
    this.#prefixes = prefixes;
  }

  /** The canonical text of the network. Undefined for clients of a unix socket, which have no address and are not told apart. */
  networkOf(client: SockAddr): string | undefined {
    if (client.family === 'unix') return undefined;
    if (client.family === 'inet' && this.#prefixes.ipv4Prefix === 32) return client.address;
    let network = this.#known.get(client.address);
    if (network === undefined) this.#known.set(client.address, (network = this.#cut(client.address)));
    return network;
  }

  #cut(address: string): string {
    const bytes = parseIp(address);
    if (bytes === undefined) return address;
    const { ipv4Prefix, ipv6Prefix } = this.#prefixes;
    const prefix = bytes.length === 4 ? ipv4Prefix : ipv6Prefix;
    const network = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))));
    return prefix === bytes.length * 8 ? formatIp(network) : `${formatIp(network)}/${prefix}`;
  }
}
