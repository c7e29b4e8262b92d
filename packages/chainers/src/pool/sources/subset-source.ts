import type { Session } from '@inband/core';
import { hashPair, hashText } from '../balance/hash32.ts';
import type { KnownServer, ServerSource } from './server-source.ts';

export interface SubsetOptions {
  /** Servers of each tier that are used. */
  readonly size: number;
  /** What is different in each proxy, and the same after a restart. */
  readonly instance: string;
}

/**
 * Some of the servers of another source, so that each of many proxies keeps connections to some of many servers. Which, depends on the proxy
 * and on the servers, and not on their order or health: one that comes or goes changes one place at most (rendezvous hashing).
 */
export class SubsetSource implements ServerSource {
  readonly #all: ServerSource;
  readonly #size: number;
  readonly #instance: number;
  #of: readonly KnownServer[] | undefined = undefined;
  #servers: readonly KnownServer[] | undefined = undefined;

  constructor(all: ServerSource, { size, instance }: SubsetOptions) {
    this.#all = all;
    this.#size = size;
    this.#instance = hashText(instance);
  }

  get servers(): readonly KnownServer[] | undefined {
    const all = this.#all.servers;
    if (all !== this.#of) {
      this.#of = all;
      this.#servers = all && this.#subset(all);
    }
    return this.#servers;
  }

  follow(changed: () => void): void {
    this.#all.follow(changed);
  }

  start(): void {
    this.#all.start();
  }

  ready(session: Session): Promise<void> {
    return this.#all.ready(session);
  }

  unknown(): readonly string[] {
    return this.#all.unknown?.() ?? [];
  }

  close(): void {
    this.#all.close();
  }

  #subset(all: readonly KnownServer[]): readonly KnownServer[] {
    const chosen = new Set<KnownServer>();
    for (const tier of Map.groupBy(all, tierOf).values()) {
      const scores = tier.map((server) => ({ server, score: hashPair(hashText(server.id), this.#instance) }));
      const best = scores.toSorted(
        (one, other) => other.score - one.score || (one.server.id < other.server.id ? -1 : 1),
      );
      for (const { server } of best.slice(0, this.#size)) chosen.add(server);
    }
    return all.filter((server) => chosen.has(server));
  }
}

/** Lower numbers come first. Backups come behind all others. */
export function tierOf({ backup = false, priority = 0 }: Pick<KnownServer, 'backup' | 'priority'>): number {
  return backup ? Infinity : priority;
}
