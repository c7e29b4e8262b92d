import { embeddedIpv4, parseCidr } from '../base/ip.ts';
import type { Network } from './network-list.ts';
import { PrefixTable } from './prefix-table.ts';

/** The built-in zones, from the least to the most restricted. Every address is in exactly one. */
export const BUILTIN_ZONES = ['public', 'private', 'loopback', 'linkLocal', 'reserved'] as const;

export type BuiltinZone = (typeof BUILTIN_ZONES)[number];

/**
 * The IANA special-purpose address registries (RFC 6890 and later), multicast, and other addresses that are no server's.
 * The longest prefix that matches an address decides.
 */
const NETWORKS: Readonly<Record<BuiltinZone, readonly string[]>> = {
  public: [
    '0.0.0.0/0',
    '2000::/3', // global unicast; IPv6 addresses outside this list are not assigned
    '2001:3::/32', // AMT relays
    '2001:4:112::/48', // AS112
    // Addresses in these are evaluated by the IPv4 address that they embed (see embeddedIpv4).
    '::/96', // IPv4-compatible
    '::ffff:0:0:0/96', // IPv4-translated
    '64:ff9b::/96', // NAT64
    '64:ff9b:1::/48', // NAT64, local use
    '2001::/32', // Teredo
    '2002::/16', // 6to4
  ],
  private: [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10', // shared address space, RFC 6598
    'fc00::/7', // unique local
  ],
  loopback: ['127.0.0.0/8', '::1/128'],
  linkLocal: [
    '169.254.0.0/16',
    'fe80::/10',
    // Metadata and host services of cloud providers, which are link-local in effect although in other ranges.
    '168.63.129.16/32', // Azure
    '100.100.100.200/32', // Alibaba
    'fd00:ec2::254/128', // AWS metadata
    'fd00:ec2::23/128', // AWS, credentials of EKS pods
    'fd20:ce::254/128', // Google
    'fd00:c1::a9fe:a9fe/128', // Oracle
    'fd00:42::42/128', // Scaleway
  ],
  reserved: [
    '0.0.0.0/8', // this network
    '192.0.0.0/24', // IETF protocol assignments
    '192.0.2.0/24', // documentation
    '192.88.99.0/24', // 6to4 relay anycast, deprecated
    '198.18.0.0/15', // benchmarking
    '198.51.100.0/24', // documentation
    '203.0.113.0/24', // documentation
    '224.0.0.0/4', // multicast
    '240.0.0.0/4', // future use, and 255.255.255.255
    '::/0', // not assigned
    '::/128', // unspecified
    '100::/64', // discard only
    '100:0:0:1::/64', // dummy prefix, RFC 9780
    '2001::/23', // IETF protocol assignments
    '2001:2::/48', // benchmarking
    '2001:10::/28', // ORCHID
    '2001:20::/28', // ORCHIDv2
    '2001:30::/28', // drone remote identification
    '2001:db8::/32', // documentation
    '3fff::/20', // documentation
    '5f00::/16', // segment routing
    'fec0::/10', // site-local, deprecated
    'ff00::/8', // multicast
  ],
};

/** The built-in zone of an address, and the network that decided. */
export interface BuiltinMembership {
  readonly zone: BuiltinZone;
  /** Length of the prefix of that network. -1 for `public`, which holds only what no other zone does. */
  readonly prefix: number;
}

const NOT_LISTED: BuiltinMembership = { zone: 'reserved', prefix: 0 };

const table = new PrefixTable<BuiltinMembership>();
for (const zone of BUILTIN_ZONES) {
  for (const text of NETWORKS[zone]) {
    const cidr = parseCidr(text)!;
    table.set(cidr, { zone, prefix: zone === 'public' ? -1 : cidr.prefix });
  }
}

/** Every network that tells addresses of two built-in zones apart. */
export function builtinNetworks(): Iterable<Network> {
  return table.networks();
}

export function isBuiltinZone(name: string): name is BuiltinZone {
  return (BUILTIN_ZONES as readonly string[]).includes(name);
}

/** The built-in zone of the address itself, by which clients are evaluated. */
export function plainMembership(bytes: Uint8Array): BuiltinMembership {
  return table.longest(bytes) ?? NOT_LISTED;
}

/**
 * The built-in zone by which servers are evaluated: the most restricted of the address itself and of the IPv4 addresses
 * that it embeds. Clients are not evaluated by it, because a client could choose an address that embeds one of another zone.
 */
export function effectiveMembership(bytes: Uint8Array): BuiltinMembership {
  let worst = plainMembership(bytes);
  for (const embedded of embeddedIpv4(bytes)) {
    const { zone, prefix } = plainMembership(embedded.bytes);
    if (BUILTIN_ZONES.indexOf(zone) > BUILTIN_ZONES.indexOf(worst.zone)) {
      worst = { zone, prefix: embedded.offset + prefix };
    }
  }
  return worst;
}
