import type { Listener, Logger, ProtocolProxy } from '@inband/core';
import type { Assembly } from '../build/assemble.ts';

/** The most configurations that are in use at one time, the current one included. */
export const MOST_ALIVE = 8;

/** A configuration in use, with what it made or kept. */
interface Generation {
  readonly number: number;
  readonly assembly: Assembly;
  /** When it became the current one. */
  readonly since: Date;
  /** Proxies that no newer generation has. Empty while this is the current one. */
  retired: readonly ProtocolProxy[];
  /** Ends it at its time. */
  timer: NodeJS.Timeout | undefined;
  /** When that is. Undefined while this is the current one. */
  endsBy: Date | undefined;
}

/** A configuration in use, for whoever looks at it. */
export interface GenerationInUse {
  /** From 1. */
  readonly number: number;
  readonly since: Date;
  readonly isCurrent: boolean;
  /** Client connections that it serves. */
  readonly connections: number;
  /** When its sessions are closed at the latest. Undefined for the current one. */
  readonly endsBy: Date | undefined;
}

/**
 * The configurations in use: the current one, and those whose sessions have not ended.
 *
 * ```
 *  current ── replace ──▶ retired ── its last session ends ────────────▶ closed
 *                            └── maxAge is over, or eight are newer ────▲ (its sessions are closed)
 * ```
 */
export class Generations {
  readonly #logger: Logger;
  /** The oldest first; the last one is current. */
  #alive: Generation[];

  /** `number`: that of the first one. */
  constructor(first: Assembly, logger: Logger, number = 1) {
    this.#logger = logger;
    this.#alive = [fresh(number, first)];
  }

  get current(): Assembly {
    return this.#newest.assembly;
  }

  /** The number of the current generation, from 1. */
  get number(): number {
    return this.#newest.number;
  }

  get alive(): number {
    return this.#alive.length;
  }

  /** The oldest first. */
  get inUse(): GenerationInUse[] {
    const newest = this.#newest;
    return this.#alive.map((generation) => {
      const { number, since, endsBy } = generation;
      const isCurrent = generation === newest;
      const serving = isCurrent ? [...generation.assembly.build.made.proxy.values()] : generation.retired;
      return { number, since, isCurrent, connections: openClientsOf(serving), endsBy };
    });
  }

  /** Of all generations in use. */
  get proxies(): ProtocolProxy[] {
    return [...new Set(this.#alive.flatMap(({ assembly }) => [...assembly.build.made.proxy.values()]))];
  }

  get #newest(): Generation {
    const newest = this.#alive.at(-1);
    if (newest === undefined) throw new Error('There is always a generation.');
    return newest;
  }

  /** Makes `next` the current one. The one before ends with its last session, at the latest after `maxAge` milliseconds. */
  replace(next: Assembly, maxAge: number): void {
    const [oldest] = this.#alive;
    if (oldest !== undefined && this.#alive.length >= MOST_ALIVE) {
      this.#endNow(oldest, `${MOST_ALIVE - 1} newer ones are in use`);
    }
    const before = this.#newest;
    before.retired = proxiesOnlyIn(before.assembly, next);
    this.#alive.push(fresh(before.number + 1, next));
    for (const proxy of before.retired) proxy.retire?.(next.proxies.get(proxy.service?.name ?? ''));
    // This timer does not keep the process running.
    before.endsBy = new Date(Date.now() + maxAge);
    before.timer = setTimeout(() => this.#endNow(before, 'reload.maxAge is over'), maxAge).unref();
    void this.#endWithLastSession(before);
  }

  /** Drains the clients of a listener that is closed. */
  drainFrom({ address }: Listener): void {
    for (const proxy of this.proxies) void proxy.drain(address);
  }

  async #endWithLastSession(generation: Generation): Promise<void> {
    // Sessions of outer services may begin others in inner ones until they end.
    while (openIn(generation) > 0)
      await Promise.all(generation.retired.map((proxy) => proxy.gone?.() ?? proxy.drain()));
    this.#close(generation);
  }

  #endNow(generation: Generation, why: string): void {
    if (!this.#alive.includes(generation)) return;
    const fields = { generation: generation.number, connections: openIn(generation), why };
    this.#logger.warn(fields, 'closing what an old configuration still serves');
    for (const proxy of generation.retired) proxy.close('reload.maxAge');
    this.#close(generation);
  }

  #close(generation: Generation): void {
    if (!this.#alive.includes(generation)) return;
    clearTimeout(generation.timer);
    this.#alive = this.#alive.filter((other) => other !== generation);
    generation.assembly.close(this.#alive.map(({ assembly }) => assembly.build));
    this.#logger.debug({ generation: generation.number }, 'an old configuration is not in use any more');
  }

  /** Closes everything. */
  close(): void {
    for (const { timer } of this.#alive) clearTimeout(timer);
    for (let oldest = this.#alive.shift(); oldest !== undefined; oldest = this.#alive.shift()) {
      oldest.assembly.close(this.#alive.map(({ assembly }) => assembly.build));
    }
  }
}

function openIn({ retired }: Generation): number {
  return openClientsOf(retired);
}

function openClientsOf(proxies: readonly ProtocolProxy[]): number {
  return proxies.reduce((open, proxy) => open + proxy.open, 0);
}

function fresh(number: number, assembly: Assembly): Generation {
  return { number, assembly, since: new Date(), retired: [], timer: undefined, endsBy: undefined };
}

/** Not where a timer is made, because its callback would keep the proxies of the other one. */
function proxiesOnlyIn({ build }: Assembly, other: Assembly): ProtocolProxy[] {
  const kept = new Set(other.build.made.proxy.values());
  return [...build.made.proxy.values()].filter((proxy) => !kept.has(proxy));
}
