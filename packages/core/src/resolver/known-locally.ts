import { neverAsked } from './dns-errors.ts';
import { localhostAddresses, whyNeverAsked } from './host-name.ts';
import { type HostsTable, hostsKey } from './hosts-file.ts';
import type { KnownName, Resolution } from './resolver.ts';

const LOCALHOST = { resolution: { addresses: localhostAddresses('localhost')! } };

/** The answer for a name that needs no query: `localhost`, names in /etc/hosts, and names that must not be looked up. */
export function knownLocally(host: string, hosts?: HostsTable): KnownName | undefined {
  if (localhostAddresses(host) !== undefined) return LOCALHOST;
  const resolution = hosts?.get(hostsKey(host));
  if (resolution !== undefined) return { resolution };
  const reason = whyNeverAsked(host);
  return reason === undefined ? undefined : { error: neverAsked(host, reason) };
}

/** Returns or throws a known answer, as a look-up would. */
export function settled(known: KnownName): Resolution {
  if ('error' in known) throw known.error;
  return known.resolution;
}
