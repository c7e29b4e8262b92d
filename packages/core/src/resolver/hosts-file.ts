import type { Resolution } from './resolver.ts';
import { canonicalAddresses } from './canonical-addresses.ts';

/** What hosts(5) says: the addresses of names, by the name in lower case. The same object as long as the file stays. */
export type HostsTable = ReadonlyMap<string, Resolution>;

/** Reads the text of /etc/hosts. Lines that do not begin with an address are left out, as the system does. */
export function parseHosts(text: string): HostsTable {
  const texts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    for (const name of names) {
      const key = hostsKey(name);
      const known = texts.get(key);
      if (known === undefined) texts.set(key, [address]);
      else known.push(address);
    }
  }
  const table = new Map<string, Resolution>();
  for (const [name, addresses] of texts) {
    const usable = canonicalAddresses(addresses);
    if (usable.length > 0) table.set(name, { addresses: usable });
  }
  return table;
}

/** A final dot says that a name is complete, which names in this file are. */
export function hostsKey(host: string): string {
  const name = host.toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
