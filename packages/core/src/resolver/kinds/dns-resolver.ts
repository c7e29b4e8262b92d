import { inetAddr } from '../../base/address.ts';
import { ProxyError } from '../../base/errors.ts';
import { DnsClient } from '../dns/dns-client.ts';
import { dnsFailure } from '../dns-errors.ts';
import type { DnsServerAddress, DnsSockets } from '../dns-sockets.ts';
import { knownLocally, settled } from '../known-locally.ts';
import type { Machine } from '../machine.ts';
import { queryAddresses } from '../dns/query-addresses.ts';
import { queryServices } from '../dns/query-services.ts';
import type { KnownName, Resolution, ResolverSource, ServiceResolution } from '../resolver.ts';
import { SystemNamesFollower } from '../system-names.ts';

export interface DnsResolverOptions {
  /** DNS servers as `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:53`. Absent means those of the system. */
  readonly servers?: readonly string[] | undefined;
  /** The timeout of one query in milliseconds. */
  readonly timeout?: number | undefined;
  /** The number of queries to each server. */
  readonly tries?: number | undefined;
}

/** What resolvers use of the platform: sockets, and files of the machine. */
export interface ResolverPlatform {
  readonly sockets: DnsSockets;
  readonly machine: Machine;
}

/**
 * Queries DNS servers for exactly the name: A and AAAA at once, with their times to live. It uses neither /etc/hosts nor
 * search domains. IPv6 addresses come first (RFC 8305 section 4) if the machine has a global one.
 */
export function createDnsResolver(options: DnsResolverOptions, platform: ResolverPlatform): ResolverSource {
  return new DnsResolver(options, platform);
}

class DnsResolver implements ResolverSource {
  readonly #names: SystemNamesFollower;
  readonly #settings: { readonly timeout: number; readonly attempts: number };
  readonly #sockets: DnsSockets;
  readonly #servers: readonly DnsServerAddress[] | undefined;
  #client: DnsClient | undefined = undefined;
  #clientServers: readonly DnsServerAddress[] | undefined = undefined;

  constructor({ servers, timeout = 2000, tries = 3 }: DnsResolverOptions, { sockets, machine }: ResolverPlatform) {
    this.#names = new SystemNamesFollower(machine);
    this.#settings = { timeout, attempts: tries };
    this.#sockets = sockets;
    this.#servers = servers?.map(parseServer);
  }

  known(host: string): KnownName | undefined {
    return knownLocally(host);
  }

  async resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    const known = this.known(host);
    if (known !== undefined) return settled(known);
    const name = host.endsWith('.') ? host.slice(0, -1) : host;
    const { resolvConf, hasGlobalIpv6 } = this.#names.current();
    try {
      return await queryAddresses(this.#clientFor(resolvConf.servers), name, signal, { hasGlobalIpv6 });
    } catch (error) {
      throw dnsFailure(host, error);
    }
  }

  services(name: string, signal?: AbortSignal): Promise<ServiceResolution> {
    return queryServices(this.#clientFor(this.#names.current().resolvConf.servers), name, signal);
  }

  follow(changed: () => void): void {
    if (this.#servers === undefined) this.#names.follow(changed);
  }

  close(): void {
    this.#names.close();
  }

  #clientFor(systemServers: readonly DnsServerAddress[]): DnsClient {
    const servers = this.#servers ?? systemServers;
    if (this.#client === undefined || this.#clientServers !== servers) {
      this.#client = new DnsClient(this.#sockets, { servers, ...this.#settings });
      this.#clientServers = servers;
    }
    return this.#client;
  }
}

function parseServer(text: string): DnsServerAddress {
  const plain = inetAddr(text, 53);
  if (plain !== undefined) return { address: plain.address, port: 53 };
  const [, bracketed, dotted, port] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  const addr = inetAddr(bracketed ?? dotted ?? '', Number(port ?? 53));
  if (addr !== undefined && addr.port <= 65_535) return { address: addr.address, port: addr.port };
  throw new ProxyError('proxy_configuration_error', `The DNS server "${text}" is not an address.`, {
    setting: 'servers',
  });
}
