import { lookup as systemLookup } from 'node:dns/promises';
import { canonicalAddresses } from '../canonical-addresses.ts';
import { dnsFailure, noAddress } from '../dns-errors.ts';
import { knownLocally, settled } from '../known-locally.ts';
import type { Machine } from '../machine.ts';
import type { KnownName, Resolution, ResolverSource } from '../resolver.ts';
import { SystemNamesFollower } from '../system-names.ts';
import { lookUpServices } from './system-services.ts';

/** A function like `dns.promises.lookup`. Returns addresses as text, in order of preference. */
export type SystemLookup = (host: string, options: { all: true; order: 'verbatim' }) => Promise<{ address: string }[]>;

/**
 * The system's resolver (getaddrinfo) with search domains, mDNS and NSS modules. It has no times to live, and a look-up
 * cannot be cancelled. Each look-up holds one of few threads, so names whose servers do not answer delay other look-ups.
 * Names in /etc/hosts need no thread on Linux, if nsswitch.conf has `files` first.
 */
export function createSystemResolver(machine: Machine, lookup: SystemLookup = systemLookup): ResolverSource {
  const names = new SystemNamesFollower(machine);
  const known = (host: string): KnownName | undefined => knownLocally(host, names.current().hosts);
  return {
    concurrency: machine.lookupThreads(),
    known,
    async resolve(host: string): Promise<Resolution> {
      const local = known(host);
      return local === undefined ? lookUp(host, lookup) : settled(local);
    },
    services: (name, signal) => lookUpServices(name, signal),
    follow: (changed) => names.follow(changed),
    close: () => names.close(),
  };
}

/** Looks a name up by getaddrinfo. */
export async function lookUp(host: string, lookup: SystemLookup = systemLookup): Promise<Resolution> {
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
}
