import type { Logger } from '../../base/logger.ts';
import { DnsClient } from '../dns/dns-client.ts';
import { dnsFailure, errorCode, isAnswer, isDnsTimeout } from '../dns-errors.ts';
import type { ResolverPlatform } from './dns-resolver.ts';
import { hostsKey } from '../hosts-file.ts';
import { knownLocally, settled } from '../known-locally.ts';
import type { Machine } from '../machine.ts';
import { queryAddresses } from '../dns/query-addresses.ts';
import { queryServices } from '../dns/query-services.ts';
import { type ResolvConf, searchNames } from '../resolv-conf.ts';
import type { KnownName, Resolution, ResolverSource, ServiceResolution } from '../resolver.ts';
import { readSystemNames, type SystemNames, SystemNamesFollower } from '../system-names.ts';
import { lookUp, type SystemLookup } from './system-resolver.ts';
import { lookUpServices } from './system-services.ts';

/** How `auto` looks names up on this machine, for logs and `check`. */
export interface AutoChoice {
  readonly uses: 'dns client' | 'system';
  readonly why: string;
  /** The DNS servers of the DNS client. */
  readonly servers?: readonly string[];
  readonly search?: readonly string[];
}

/** Returns what `auto` would choose on this machine now. */
export function chooseResolver(machine: Machine): AutoChoice {
  return choiceOf(readSystemNames(machine, false));
}

function choiceOf({ needsSystem, resolvConf }: SystemNames): AutoChoice {
  if (needsSystem !== undefined) return { uses: 'system', why: `${needsSystem}.` };
  const servers = resolvConf.servers.map(({ address }) => address);
  const why = 'This machine looks names up in /etc/hosts, then in the DNS, and nowhere else.';
  return { uses: 'dns client', why, servers, search: resolvConf.search };
}

export interface AutoResolverDeps extends ResolverPlatform {
  readonly logger: Logger;
  /** For tests. */
  readonly lookup?: SystemLookup;
}

/**
 * Looks names up as the machine is configured. It uses /etc/hosts and our DNS client (with the servers, search list and
 * options of resolv.conf) if the machine uses nothing else, and getaddrinfo otherwise. The choice follows the files.
 */
export function createAutoResolver(deps: AutoResolverDeps): ResolverSource {
  return new AutoResolver(deps);
}

class AutoResolver implements ResolverSource {
  readonly #deps: AutoResolverDeps;
  readonly #names: SystemNamesFollower;
  #chosen: AutoChoice['uses'];
  #client: { readonly of: ResolvConf; readonly client: DnsClient } | undefined = undefined;

  constructor(deps: AutoResolverDeps) {
    this.#deps = deps;
    this.#names = new SystemNamesFollower(deps.machine);
    this.#chosen = choiceOf(this.#names.current()).uses;
  }

  get concurrency(): number | undefined {
    return this.#names.current().needsSystem === undefined ? undefined : this.#deps.machine.lookupThreads();
  }

  known(host: string): KnownName | undefined {
    return knownLocally(host, this.#names.current().hosts);
  }

  async resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    const names = this.#names.current();
    const known = knownLocally(host, names.hosts);
    if (known !== undefined) return settled(known);
    if (names.needsSystem !== undefined || names.machineNames.has(hostsKey(host)))
      return lookUp(host, this.#deps.lookup);
    try {
      return await this.#search(host, names, signal);
    } catch (error) {
      throw dnsFailure(host, error);
    }
  }

  /** By our DNS client where that looks names up, else by node:dns. */
  services(name: string, signal?: AbortSignal): Promise<ServiceResolution> {
    const { needsSystem, resolvConf } = this.#names.current();
    if (needsSystem !== undefined) return lookUpServices(name, signal);
    return queryServices(this.#clientFor(resolvConf), name, signal);
  }

  follow(changed: () => void): void {
    this.#names.follow(() => {
      this.#logChoice();
      changed();
    });
  }

  close(): void {
    this.#names.close();
  }

  /** Tries the names of the search list as res_search(3) does. The error is that of the name itself, if it was tried first. */
  async #search(host: string, names: SystemNames, signal: AbortSignal | undefined): Promise<Resolution> {
    const { resolvConf, hasGlobalIpv6 } = names;
    const client = this.#clientFor(resolvConf);
    const candidates = searchNames(host, resolvConf);
    const failures: unknown[] = [];
    for (const name of candidates) {
      try {
        return await queryAddresses(client, name, signal, { ...resolvConf, hasGlobalIpv6 });
      } catch (error) {
        if (!isAnswer(error)) throw error;
        failures.push(error);
      }
    }
    const first = candidates[0] === host ? failures[0] : undefined;
    const nobody = Object.assign(new Error('there is nothing to ask for'), { code: 'ENOTFOUND' });
    throw first ?? failures.find((error) => errorCode(error) === 'ENODATA') ?? failures.find(isDnsTimeout) ?? nobody;
  }

  #clientFor(conf: ResolvConf): DnsClient {
    if (this.#client?.of !== conf) this.#client = { of: conf, client: new DnsClient(this.#deps.sockets, conf) };
    return this.#client.client;
  }

  #logChoice(): void {
    const choice = choiceOf(this.#names.current());
    if (choice.uses === this.#chosen) return;
    this.#chosen = choice.uses;
    this.#deps.logger.warn({ ...choice }, 'names are looked up otherwise from now on');
  }
}
