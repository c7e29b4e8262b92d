import { ProxyError, type ServiceRecord, type ServiceResolution, type Session, toProxyError } from '@inband/core';
import { lifetimeOf, type NamingDeps } from './named-servers.ts';
import { Renewal } from './renewal.ts';
import type { KnownServer, MemberOptions, ServerSource } from './server-source.ts';
import { type ListedServer, ServerSet } from './server-set.ts';

/** A service whose places are servers. */
export interface ListedService extends Omit<MemberOptions, 'weight' | 'priority'> {
  /** `_http._tcp.shop.example` */
  readonly srv: string;
}

/** The weight of a place that has 0 beside others that have more: a very small chance, as RFC 2782 says. */
const HARDLY = 0.01;

/**
 * The servers of a service, by its SRV records (RFC 2782): priority and weight are theirs. Each address of a target is a server, and those
 * of one target share its weight. The records are looked up again when their time to live ends, and the last good ones are kept while
 * that fails.
 */
export class ServiceServers implements ServerSource {
  readonly #service: ListedService;
  readonly #deps: NamingDeps;
  readonly #setting: string;
  readonly #set: ServerSet;
  readonly #renewal: Renewal;
  #isStarted = false;
  #isKnown = false;

  constructor(service: ListedService, deps: NamingDeps, setting: string) {
    this.#service = service;
    this.#deps = deps;
    this.#setting = setting;
    this.#set = new ServerSet(deps, () => setting);
    this.#renewal = new Renewal({
      look: (signal) => this.#look(signal),
      failing: (error) => this.#tellFailing(error),
      healed: () => deps.logger.info({ service: service.srv }, 'the service of a pool can be looked up again'),
    });
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#isKnown ? this.#set.servers : undefined;
  }

  unknown(): readonly string[] {
    return this.#isKnown ? this.#set.unknown() : [this.#service.srv];
  }

  follow(changed: () => void): void {
    this.#set.follow(changed);
  }

  start(): void {
    this.#isStarted = true;
    this.#renewal.start();
  }

  async ready(session: Session): Promise<void> {
    if (this.servers !== undefined) return;
    this.#isStarted = true;
    try {
      if (!this.#isKnown) await this.#renewal.wait(session);
    } catch (cause) {
      const { code, message } = toProxyError(cause);
      throw new ProxyError(code, message, { setting: this.#setting, cause });
    }
    await this.#set.ready(session);
  }

  close(): void {
    this.#renewal.close();
    this.#set.close();
  }

  async #look(signal: AbortSignal): Promise<number> {
    const found = await this.#find(signal);
    if (this.#isStarted) this.#set.start();
    this.#isKnown = true;
    this.#set.replace(this.#listedAt(found.services));
    return lifetimeOf(found.ttl);
  }

  #find(signal: AbortSignal): Promise<ServiceResolution> {
    const { resolver } = this.#deps;
    if (resolver.services !== undefined) return resolver.services(this.#service.srv, signal);
    return Promise.reject(new ProxyError('proxy_configuration_error', 'The resolver cannot look up SRV records.'));
  }

  #listedAt(records: readonly ServiceRecord[]): ListedServer[] {
    const { srv, ...options } = this.#service;
    return records.map((record) => {
      const { target, port, priority } = record;
      return {
        ...options,
        address: { host: target, port },
        priority,
        weight: weightOf(record, records),
        written: srv,
        name: domainOf(srv),
        sharesWeight: true,
      };
    });
  }

  #tellFailing({ message, code }: ProxyError): void {
    const fields = { service: this.#service.srv, error: code, why: message, setting: this.#setting };
    const then = this.#isKnown ? 'its last servers stay in use' : 'it has no servers yet';
    this.#deps.logger.warn(fields, `the service of a pool cannot be looked up; ${then}`);
  }
}

/** Where all places of a priority have the weight 0, they are equal. */
function weightOf({ weight, priority }: ServiceRecord, records: readonly ServiceRecord[]): number {
  if (weight > 0) return weight;
  return records.some((other) => other.priority === priority && other.weight > 0) ? HARDLY : 1;
}

/**
 * The name that certificates must be issued for: that of the service without the labels that say which it is. Not that of the target,
 * because whoever forges an answer of the DNS chooses that (RFC 9525).
 */
function domainOf(srv: string): string {
  return srv.replace(/^(?:_[^.]*\.)+/, '').replace(/\.$/, '');
}
