import {
  formatHostPort,
  formatSockAddr,
  type HostPort,
  type InetAddr,
  inetAddr,
  type Logger,
  ProxyError,
  type Resolution,
  type ResolvedAddress,
  type Resolver,
  type Session,
  toProxyError,
} from '@inband/core';
import { Renewal } from './renewal.ts';
import { sameFields } from './same-fields.ts';
import type { KnownServer, MemberOptions, ServerSource } from './server-source.ts';

/** Milliseconds until a name is resolved again: at least, and where nobody knows its time to live. */
const LEAST = 1_000;
const USUAL = 30_000;
/** Milliseconds that are added, because a cache may still hold the old answer at the end of its time. */
const SLACK = 50;

/** What all names of a pool are resolved with. */
export interface NamingDeps {
  readonly resolver: Resolver;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** The only family that can be connected to, where connections have a local address. */
  readonly family: InetAddr['family'] | undefined;
}

/** A name whose addresses are servers. */
export interface NamedServer extends MemberOptions {
  readonly at: HostPort;
  /** The setting that names it, for messages. */
  readonly setting: string;
  /** See `KnownServer`. By default those of the name itself. */
  readonly written?: string;
  readonly name?: string;
  /** Whether its addresses have its weight together. By default each of them has it. */
  readonly sharesWeight?: boolean;
}

/**
 * The servers behind a name: one for each of its addresses. The name is resolved again when its time to live ends, and the last good answer is
 * kept while that fails.
 */
export class NamedServers implements ServerSource {
  readonly #deps: NamingDeps;
  readonly #renewal: Renewal;
  #named: NamedServer;
  #changed: () => void = () => undefined;
  #addresses: readonly ResolvedAddress[] = [];
  #servers: readonly KnownServer[] | undefined = undefined;
  #isClosed = false;

  constructor(named: NamedServer, deps: NamingDeps) {
    this.#named = named;
    this.#deps = deps;
    this.#renewal = new Renewal({
      look: (signal) => this.#look(signal),
      failing: (error) => this.#tellFailing(error),
      healed: () => deps.logger.info({ server: this.#written }, 'a name of a pool can be resolved again'),
    });
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#servers;
  }

  unknown(): readonly string[] {
    return this.#servers === undefined ? [this.#written] : [];
  }

  follow(changed: () => void): void {
    this.#changed = changed;
  }

  start(): void {
    this.#renewal.start();
  }

  async ready(session: Session): Promise<void> {
    if (this.#servers !== undefined) return;
    try {
      await this.#renewal.wait(session);
    } catch (cause) {
      const { code, message } = toProxyError(cause);
      throw new ProxyError(code, message, { setting: this.#named.setting, cause });
    }
  }

  /** Resolves when the look-up that is on its way has ended. */
  looked(): Promise<void> {
    return this.#renewal.looked();
  }

  /** Its options have changed. The name is the same. */
  update(named: NamedServer): void {
    if (sameFields(named, this.#named, 'at')) return;
    this.#named = named;
    if (this.#servers !== undefined) this.#servers = this.#serversAt(this.#addresses);
  }

  close(): void {
    this.#isClosed = true;
    this.#renewal.close();
  }

  get #written(): string {
    return this.#named.written ?? formatHostPort(this.#named.at);
  }

  async #look(signal: AbortSignal): Promise<number> {
    const { resolver } = this.#deps;
    const { host } = this.#named.at;
    const resolution = await resolver.resolve(host, signal);
    if (!this.#isClosed) this.#take(resolution);
    const left = resolver.expiresIn?.(host) ?? lifetimeOf(resolution.ttl);
    return Math.max(LEAST, left) + SLACK;
  }

  #take({ addresses }: Resolution): void {
    const usable = usableOf(addresses, this.#deps.family);
    if (this.#servers !== undefined && sameAddresses(usable, this.#addresses)) return;
    this.#addresses = usable;
    this.#servers = this.#serversAt(usable);
    this.#changed();
  }

  #serversAt(addresses: readonly ResolvedAddress[]): KnownServer[] {
    const { at, setting: _setting, sharesWeight = false, name = at.host, written: _written, ...options } = this.#named;
    const weight = sharesWeight ? (options.weight ?? 1) / addresses.length : options.weight;
    const remotes = addresses.flatMap(({ address }) => inetAddr(address, at.port) ?? []);
    return remotes.map((remote) => {
      return { ...options, weight, id: formatSockAddr(remote), remote, written: this.#written, name };
    });
  }

  #tellFailing({ message, code }: ProxyError): void {
    const fields = { server: this.#written, error: code, why: message, setting: this.#named.setting };
    const then = this.#servers === undefined ? 'it has no servers yet' : 'its last addresses stay in use';
    this.#deps.logger.warn(fields, `a name of a pool cannot be resolved; ${then}`);
  }
}

/** Milliseconds from a time to live in seconds. */
export function lifetimeOf(ttl: number | undefined): number {
  return ttl === undefined ? USUAL : Math.max(LEAST, ttl * 1_000);
}

/**
 * The addresses that this machine can connect to. A resolver puts global IPv6 addresses last where the machine has none itself. If none
 * can be used, all are, so that the log says why connecting to them fails.
 */
function usableOf(
  addresses: readonly ResolvedAddress[],
  only: InetAddr['family'] | undefined,
): readonly ResolvedAddress[] {
  const hasIpv6 = addresses[0]?.family !== 'inet';
  const usable = addresses.filter((entry) => {
    return only === undefined ? hasIpv6 || !isGlobalIpv6(entry) : entry.family === only;
  });
  return usable.length === 0 ? addresses : usable;
}

function isGlobalIpv6({ family, address }: ResolvedAddress): boolean {
  return family === 'inet6' && /^[23]...:/.test(address);
}

/** In any order, because DNS servers rotate their answers. */
function sameAddresses(one: readonly ResolvedAddress[], other: readonly ResolvedAddress[]): boolean {
  const known = new Set(one.map(({ address }) => address));
  return one.length === other.length && other.every(({ address }) => known.has(address));
}
