import { inetAddr } from '../base/address.ts';
import type { ResolvedAddress } from './resolver.ts';

/**
 * Returns addresses in canonical form, each once, in the given order. An IPv4-mapped address becomes the IPv4 address.
 * An address with an interface (`fe80::1%eth0`) is left out.
 */
export function canonicalAddresses(texts: Iterable<string>): ResolvedAddress[] {
  const addresses = new Map<string, ResolvedAddress>();
  for (const text of texts) {
    const addr = inetAddr(text, 0);
    if (addr !== undefined) addresses.set(addr.address, { family: addr.family, address: addr.address });
  }
  return [...addresses.values()];
}
