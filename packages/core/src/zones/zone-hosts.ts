import { parseIp } from '../base/ip.ts';
import { whyNotAName } from '../resolver/host-name.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { foldHost } from '../hosts/host-patterns.ts';
import type { HostAddress } from './zone-networks.ts';

/** The host names of all zones. A name belongs to one zone, as a network does. */
export class ZoneHosts {
  readonly zones = new Map<string, string>();
  readonly #orders = new Map<string, number>();

  /** Throws {@link PolicyConfigurationError} for text that is no host name, and for a name of another zone. */
  add(zone: string, order: number, hosts: readonly string[]): void {
    for (const [index, text] of hosts.entries()) {
      const host = foldHost(text);
      const other = this.zones.get(host);
      const problem =
        zoneHostProblem(text) ??
        (other === undefined || other === zone
          ? undefined
          : `"${host}" is in the zone "${other}" already; a name belongs to one zone.`);
      if (problem !== undefined) throw new PolicyConfigurationError('zones', [zone, 'hosts', index], problem);
      this.zones.set(host, zone);
    }
    this.#orders.set(zone, order);
  }

  *entries(addresses: ReadonlyMap<string, readonly Uint8Array[]>): Generator<HostAddress> {
    for (const [host, zone] of this.zones) {
      const order = this.#orders.get(zone)!;
      for (const bytes of addresses.get(host) ?? []) yield { zone, order, bytes };
    }
  }
}

/** Returns one sentence that says why `text` cannot be a host name of a zone, or undefined if it can. */
export function zoneHostProblem(text: string): string | undefined {
  const host = foldHost(text);
  if (parseIp(host) !== undefined) return `"${text}" is an address; write it in "addresses".`;
  if (host.includes('*')) {
    return `"${text}" stands for names that cannot be listed; name the hosts, or match it with "hosts" in a rule.`;
  }
  const reason = whyNotAName(host);
  if (reason !== undefined) return `"${text}" is not a host name: ${reason}.`;
  // `localhost` is not looked up (RFC 6761), and an answer never brings a loopback address into a zone.
  return /^(?:.*\.)?localhost$/.test(host) ? `"${text}" is this machine; name the zone "loopback" instead.` : undefined;
}
