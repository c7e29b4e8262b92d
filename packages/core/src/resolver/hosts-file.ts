import type { Resolution } from './resolver.ts';
import { canonicalAddresses } from './canonical-addresses.ts';

/** The content of hosts(5): addresses by the name in lower case. The same object until the file changes. */
export type HostsTable = ReadonlyMap<string, Resolution>;

/** Parses the text of /etc/hosts. Lines that do not begin with an address are ignored, as the C library does. */
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

/** The key of a name in a {@link HostsTable}: lower case, without a final dot. */
export function hostsKey(host: string): string {
  const name = host.toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
