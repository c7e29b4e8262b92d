import type { Chainer, ChainerPool, LiveSession, Logger, PoolServer, ServerOrder } from '@inband/core';
import { formatPath } from '../../config/problem/problem.ts';
import type { Build } from '../build/build.ts';
import type { Plan } from '../plan/planned.ts';
import { chainersUnder, isChainer } from './planned-pools.ts';
import { carryOver, type OrderNote, type PoolOrder } from './pool-orders.ts';

/** A pool of the current configuration. */
export interface PoolInUse {
  /** The place of its chainer: `services.web.routes[0].chainer`. */
  readonly name: string;
  readonly kind: string;
  readonly pool: ChainerPool;
}

/** How many servers of a pool are in each state. `ordered`: an operator has taken them out. */
export interface PoolCount {
  readonly name: string;
  readonly up: number;
  readonly down: number;
  readonly ordered: number;
}

/** A configuration in use. */
export interface InUse {
  readonly plan: Plan;
  readonly build: Build;
}

/** The pools of a process, with the orders of operators about their servers, which outlive reloads. */
export class PoolsInUse {
  readonly #logger: Logger;
  #current: InUse;
  #orders: readonly PoolOrder[] = [];
  #pools: readonly PoolInUse[];
  /** By the chainer of a route: the pools that it may lead to. Also of configurations that were replaced. */
  readonly #byChainer = new WeakMap<object, readonly ChainerPool[]>();
  /** The name that a pool had last. */
  readonly #names = new WeakMap<ChainerPool, string>();

  constructor(current: InUse, logger: Logger) {
    this.#logger = logger;
    this.#current = current;
    this.#pools = this.#take(current);
  }

  /** In the order of the configuration. */
  get all(): readonly PoolInUse[] {
    return this.#pools;
  }

  get orders(): readonly PoolOrder[] {
    return this.#orders;
  }

  /** The pools that a route with this chainer may lead to. */
  readonly under = (chainer: object): readonly ChainerPool[] => this.#byChainer.get(chainer) ?? NONE;

  /** The names of the required pools none of whose servers can have a session. */
  unready(): string[] {
    return this.#pools
      .filter(({ pool }) => pool.isRequired === true && !pool.servers().some(isUsable))
      .map(({ name }) => name);
  }

  /** How many servers each pool has in each state. A server alone (`directed`) is no pool. */
  counts(): PoolCount[] {
    const pools = this.#pools.filter(({ kind }) => kind !== 'directed').slice(0, MOST_COUNTED);
    return pools.map(({ name, pool }) => countOf(name, pool));
  }

  /** The configuration was replaced. Orders stay with their servers; those without one are told in the log. */
  replaced(next: InUse): void {
    const { orders, lost } = carryOver(this.#orders, this.#current.plan, next.plan);
    this.#current = next;
    this.#pools = this.#take(next);
    this.#orders = orders.filter(({ pool, address, order }) => this.#give(pool, address, order));
    for (const { pool, address, order } of [...lost, ...orders.filter((one) => !this.#orders.includes(one))]) {
      this.#logger.warn({ pool, server: address, order }, 'the order for a server is gone with it');
    }
  }

  /** Takes a server out, or (undefined) back in. Returns false if there is no such server. */
  order(name: string, address: string, note: OrderNote | undefined): boolean {
    if (!this.#give(name, address, note?.order)) return false;
    const others = this.#orders.filter((one) => one.pool !== name || one.address !== address);
    this.#orders = note === undefined ? others : [...others, { pool: name, address, ...note }];
    return true;
  }

  /** These are all orders that there are. Those without a server are left out. */
  take(orders: readonly PoolOrder[]): void {
    for (const { pool, address } of this.#orders) this.order(pool, address, undefined);
    for (const { pool, address, ...note } of orders) this.order(pool, address, note);
  }

  orderOf(name: string, address: string): OrderNote | undefined {
    return this.#orders.find((one) => one.pool === name && one.address === address);
  }

  /** The sessions that have a server of a pool now, by the name of the pool and the address of the server. */
  sessionsByServer(live: Iterable<LiveSession>): Map<string, Map<string, LiveSession[]>> {
    const found = new Map<string, Map<string, LiveSession[]>>();
    for (const one of live) {
      const { route } = one.session;
      for (const pool of route === undefined ? NONE : this.under(route.chainer)) {
        const address = pool.serverOf(one.session);
        const name = this.#names.get(pool);
        if (address !== undefined && name !== undefined) add(found, name, address, one);
      }
    }
    return found;
  }

  #give(name: string, address: string, order: ServerOrder | undefined): boolean {
    return this.#pools.find((one) => one.name === name)?.pool.order(address, order) === true;
  }

  #take({ plan, build }: InUse): PoolInUse[] {
    const pools = plan.all.filter(isChainer).flatMap(({ hash, path }): PoolInUse[] => {
      const chainer: Chainer | undefined = build.made.chainer.get(hash);
      if (chainer?.pool === undefined) return [];
      this.#names.set(chainer.pool, formatPath(path));
      return [{ name: formatPath(path), kind: chainer.kind, pool: chainer.pool }];
    });
    for (const [top, below] of chainersUnder(plan)) {
      const chainer = build.made.chainer.get(top);
      const under = below.flatMap((hash) => build.made.chainer.get(hash)?.pool ?? []);
      if (chainer !== undefined && under.length > 0) this.#byChainer.set(chainer, under);
    }
    return pools;
  }
}

const NONE: readonly ChainerPool[] = [];
/** Pools whose servers are counted, once a second. */
const MOST_COUNTED = 1_000;

function isUsable({ state, order }: PoolServer): boolean {
  return state === 'up' && order === undefined;
}

function countOf(name: string, pool: ChainerPool): PoolCount {
  const count = { name, up: 0, down: 0, ordered: 0 };
  for (const { state, order } of pool.servers()) count[order === undefined ? state : 'ordered'] += 1;
  return count;
}

function add(
  found: Map<string, Map<string, LiveSession[]>>,
  name: string,
  address: string,
  session: LiveSession,
): void {
  const servers = found.get(name) ?? new Map<string, LiveSession[]>();
  found.set(name, servers);
  const sessions = servers.get(address);
  if (sessions === undefined) servers.set(address, [session]);
  else sessions.push(session);
}
