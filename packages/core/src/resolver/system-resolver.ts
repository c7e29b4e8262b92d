import { lookup as systemLookup } from 'node:dns/promises';
import { inetAddr } from '../address.ts';
import { dnsFailure, noAddress } from './dns-errors.ts';
import { localhostAddresses } from './host-name.ts';
import type { Resolution, ResolvedAddress, Resolver } from './resolver.ts';

/** Gives addresses in text, in order of preference. */
export type Lookup = (host: string, options: { all: true; order: 'verbatim' }) => Promise<{ address: string }[]>;

/**
 * Addresses in canonical form, each once, in the given order. An IPv4-mapped address is the IPv4 address, and what
 * cannot be dialled without an interface (a zone) is left out.
 */
export function canonicalAddresses(texts: Iterable<string>): ResolvedAddress[] {
  const addresses = new Map<string, ResolvedAddress>();
  for (const text of texts) {
    const addr = inetAddr(text, 0);
    if (addr !== undefined) addresses.set(addr.address, { family: addr.family, address: addr.address });
  }
  return [...addresses.values()];
}

/**
 * The system's resolver (getaddrinfo): /etc/hosts, search domains, mDNS and all. It has no times to live, and a
 * look-up that has begun cannot be cancelled: the caching resolver in front of it bounds the wait.
 */
export function createSystemResolver(lookup: Lookup = systemLookup): Resolver {
  return {
    async resolve(host: string): Promise<Resolution> {
      const local = localhostAddresses(host);
      if (local !== undefined) return { addresses: local };
      let found: { address: string }[];
      try {
        // Verbatim: getaddrinfo has sorted by RFC 6724 already.
        found = await lookup(host, { all: true, order: 'verbatim' });
      } catch (error) {
        throw dnsFailure(host, error);
      }
      const addresses = canonicalAddresses(found.map((entry) => entry.address));
      if (addresses.length === 0) throw noAddress(host);
      return { addresses };
    },
  };
}
