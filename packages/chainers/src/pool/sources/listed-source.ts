import { formatHostPort, formatSockAddr, type Resolver, type Session } from '@inband/core';
import { isName, type ServerAddress } from '../../options/server-address.ts';
import { NamedServers } from './named-servers.ts';
import type { KnownServer, MemberOptions, ServerSource } from './server-source.ts';

/** A server that the configuration lists. */
export interface ListedServer extends MemberOptions {
  readonly address: ServerAddress;
}

/** The servers that a configuration lists: addresses, and names, each address of which is a server. */
export class ListedSource implements ServerSource {
  /** In the order of the configuration. What an address is known for at once is a constant. */
  readonly #parts: readonly (readonly KnownServer[] | NamedServers)[];
  readonly #names: readonly NamedServers[];
  #servers: readonly KnownServer[] | undefined = undefined;

  constructor(listed: readonly ListedServer[], resolver: Resolver) {
    this.#parts = listed.map(({ address, ...options }) =>
      isName(address) ? new NamedServers(address, options, resolver) : [knownAt(address, options)],
    );
    this.#names = this.#parts.filter((part) => part instanceof NamedServers);
    this.#collect();
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#servers;
  }

  follow(changed: () => void): void {
    for (const name of this.#names) {
      name.follow(() => {
        this.#collect();
        changed();
      });
    }
  }

  start(): void {
    for (const name of this.#names) name.start();
  }

  /** Waits for each name that is not known yet. Some of them are enough. */
  async ready(session: Session): Promise<void> {
    const outcomes = await Promise.allSettled(this.#names.map((name) => name.ready(session)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (this.#servers === undefined && failure !== undefined) throw failure.reason;
  }

  close(): void {
    for (const name of this.#names) name.close();
  }

  /** Of two that have the same address the first counts. */
  #collect(): void {
    const known = new Map<string, KnownServer>();
    for (const part of this.#parts) {
      const servers = part instanceof NamedServers ? (part.servers ?? []) : part;
      for (const server of servers) if (!known.has(server.id)) known.set(server.id, server);
    }
    if (known.size > 0) this.#servers = [...known.values()];
  }
}

function knownAt(address: Exclude<ServerAddress, { host: string }>, options: MemberOptions): KnownServer {
  const id = formatSockAddr(address);
  return { ...options, id, remote: address, written: id, name: address.family === 'unix' ? '' : address.address };
}

/** How a server of the configuration is written in messages. */
export function writtenAs(address: ServerAddress): string {
  return isName(address) ? formatHostPort(address) : formatSockAddr(address);
}
