import type { Logger } from '../../base/logger.ts';
import { DnsClient } from '../dns/dns-client.ts';
import { dnsFailure, errorCode, isAnswer, isDnsTimeout } from '../dns-errors.ts';
import type { ResolverPlatform } from './dns-resolver.ts';
import { hostsKey } from '../hosts-file.ts';
import { knownLocally, settled } from '../known-locally.ts';
import type { Machine } from '../machine.ts';
import { queryAddresses } from '../dns/query-addresses.ts';
import { type ResolvConf, searchNames } from '../resolv-conf.ts';
import type { KnownName, Resolution, ResolverSource } from '../resolver.ts';
import { readSystemNames, type SystemNames, SystemNamesFollower } from '../system-names.ts';
import { lookUp, type SystemLookup } from './system-resolver.ts';

/** How `auto` looks names up on this machine, for people. */
export interface AutoChoice {
  readonly uses: 'dns client' | 'system';
  readonly why: string;
  /** Of the DNS client. */
  readonly servers?: readonly string[];
  readonly search?: readonly string[];
}

/** What `auto` would choose on this machine now. */
export function chooseResolver(machine: Machine): AutoChoice {
  return choiceOf(readSystemNames(machine, false));
}

function choiceOf({ notPlain, resolvConf }: SystemNames): AutoChoice {
  if (notPlain !== undefined) return { uses: 'system', why: `${notPlain}.` };
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
 * Looks names up as the machine is configured to: itself, by /etc/hosts and DNS servers (resolv.conf, search list and
 * all), where that is all there is to it; else by getaddrinfo. The files are followed, and with them the choice.
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
    return this.#names.current().notPlain === undefined ? undefined : this.#deps.machine.lookupThreads();
  }

  known(host: string): KnownName | undefined {
    return knownLocally(host, this.#names.current().hosts);
  }

  async resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    const names = this.#names.current();
    const known = knownLocally(host, names.hosts);
    if (known !== undefined) return settled(known);
    if (names.notPlain !== undefined || names.machineNames.has(hostsKey(host))) return lookUp(host, this.#deps.lookup);
    try {
      return await this.#search(host, names, signal);
    } catch (error) {
      throw dnsFailure(host, error);
    }
  }

  follow(changed: () => void): void {
    this.#names.follow(() => {
      this.#sayChoice();
      changed();
    });
  }

  close(): void {
    this.#names.close();
  }

  /** As res_search(3): the next name of the list unless the servers are silent. The name as it is counts most. */
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

  #sayChoice(): void {
    const choice = choiceOf(this.#names.current());
    if (choice.uses === this.#chosen) return;
    this.#chosen = choice.uses;
    this.#deps.logger.warn({ ...choice }, 'names are looked up otherwise from now on');
  }
}
