import {
  formatHostPort,
  formatSockAddr,
  type HostPort,
  inetAddr,
  type Resolution,
  type Resolver,
  type Session,
} from '@inband/core';
import type { KnownServer, MemberOptions } from './server-source.ts';

/** The least and the usual time until a name is resolved again, in seconds. The usual one is for resolvers that know no time to live. */
const LEAST_TTL = 1;
const USUAL_TTL = 30;

/** The servers behind a name: one for each of its addresses. The last good answer is kept when resolving fails. */
export class NamedServers {
  readonly #name: HostPort;
  readonly #options: MemberOptions;
  readonly #resolver: Resolver;
  #changed: () => void = () => undefined;
  #servers: readonly KnownServer[] | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  constructor(name: HostPort, options: MemberOptions, resolver: Resolver) {
    this.#name = name;
    this.#options = options;
    this.#resolver = resolver;
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#servers;
  }

  follow(changed: () => void): void {
    this.#changed = changed;
  }

  /** Begins to resolve the name. */
  start(): void {
    void this.#renew();
  }

  async ready({ signal, client }: Session): Promise<void> {
    if (this.#servers === undefined) this.#take(await this.#resolver.resolve(this.#name.host, signal, client.address));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #take({ addresses, ttl = USUAL_TTL }: Resolution): void {
    const { port, host } = this.#name;
    const remotes = addresses.flatMap(({ address }) => inetAddr(address, port) ?? []);
    const written = formatHostPort(this.#name);
    const servers = remotes.map((remote) => ({
      ...this.#options,
      id: formatSockAddr(remote),
      remote,
      written,
      name: host,
    }));
    this.#again(ttl);
    if (this.#servers !== undefined && sameServers(this.#servers, servers)) return;
    this.#servers = servers;
    this.#changed();
  }

  #again(seconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#renew(), Math.max(LEAST_TTL, seconds) * 1_000).unref();
  }

  async #renew(): Promise<void> {
    try {
      const resolution = await this.#resolver.resolve(this.#name.host);
      if (!this.#isClosed) this.#take(resolution);
    } catch {
      this.#again(LEAST_TTL);
    }
  }
}

function sameServers(one: readonly KnownServer[], other: readonly KnownServer[]): boolean {
  const ids = new Set(one.map(({ id }) => id));
  return one.length === other.length && other.every(({ id }) => ids.has(id));
}
