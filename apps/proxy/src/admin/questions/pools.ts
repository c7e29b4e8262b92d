import {
  AdminError,
  type AskedBy,
  type OrderedServer,
  type Pool,
  type Pools,
  type PoolServer as MergedServer,
} from '@inband/admin';
import type { PoolServer } from '@inband/core';
import type { ConnectTime } from '../../observe/connect-times.ts';
import type { OrderNote, PoolOrder } from '../../run/observed/pool-orders.ts';
import type { Running } from '../../run/running.ts';
import type { Answers, ProcessQuestion } from './process-question.ts';

/** A server as one process sees it. */
export interface ServerSeen extends Pick<PoolServer, 'address' | 'state'> {
  readonly why: string | null;
  /** Milliseconds as of `Date.now`. */
  readonly since: number | null;
  readonly nextCheck: number | null;
  readonly order: OrderNote | null;
  readonly inFlight: number;
  readonly latency: ConnectTime | null;
  readonly told: boolean;
}

/** A pool as one process sees it. */
export interface PoolSeen {
  readonly name: string;
  readonly kind: string;
  readonly queued: number;
  readonly servers: readonly ServerSeen[];
}

/** Servers, and how they are. */
export const pools: ProcessQuestion<undefined, PoolSeen[], Pools> = {
  answer: ({ running }) => poolsSeen(running),
  merge: mergePools,
};

/** Takes a server out, or back in. */
export const orderServer: ProcessQuestion<OrderedServer & AskedBy, PoolSeen[], Pools> = {
  answer({ running }, { pool, address, order, by, everywhere }) {
    const known = running.observed?.pools;
    if (known?.order(pool, address, order === 'up' ? undefined : { order, by, at: Date.now(), everywhere }) !== true) {
      throw noSuchServer({ pool, address });
    }
    running.logger.info(
      { pool, server: address, order, admin: by, ...(everywhere === true && { everywhere }) },
      'a server was ordered',
    );
    if (order === 'down') {
      for (const live of known.sessionsByServer(running.sessions()).get(pool)?.get(address) ?? []) live.end();
    }
    return poolsSeen(running);
  },
  merge: mergePools,
};

export function noSuchServer({ pool, address }: Pick<OrderedServer, 'pool' | 'address'>): AdminError {
  const detail = `"${address}" in "${pool}"; see /pools.`;
  return new AdminError({ status: 404, title: 'There is no such server', detail });
}

/** Of the supervisor alone: all orders that there are, for a worker that has just been started. */
export const takeOrders: ProcessQuestion<readonly PoolOrder[], null, null> = {
  answer({ running }, orders) {
    running.observed?.pools.take(orders);
    return null;
  },
  merge: () => null,
};

function poolsSeen(running: Running): PoolSeen[] {
  const { observed } = running;
  if (observed === undefined) return [];
  const inFlight = observed.pools.sessionsByServer(running.sessions());
  return observed.pools.all.map(({ name, kind, pool }) => ({
    name,
    kind,
    queued: pool.queued ?? 0,
    servers: pool
      .servers()
      .map(({ address, state, why = null, since = null, nextCheck = null, isHeard: told = false }) => ({
        address,
        state,
        why,
        since,
        nextCheck,
        order: observed.pools.orderOf(name, address) ?? null,
        inFlight: inFlight.get(name)?.get(address)?.length ?? 0,
        latency: observed.connectTimes.of(pool, address) ?? null,
        told,
      })),
  }));
}

/** A server as each process that answered sees it. */
interface SeenBy {
  readonly worker: number;
  readonly server: ServerSeen;
}

interface MergedPool {
  readonly kind: string;
  /** In all processes. */
  queued: number;
  readonly servers: Map<string, SeenBy[]>;
}

/** Every process has the same pools, unless one is just reloading. */
function mergePools({ answers, missing }: Answers<PoolSeen[]>): Pools {
  const merged = new Map<string, MergedPool>();
  for (const { worker, answer } of answers) {
    for (const { name, kind, queued, servers } of answer) {
      const pool = merged.get(name) ?? { kind, queued: 0, servers: new Map<string, SeenBy[]>() };
      merged.set(name, pool);
      pool.queued += queued;
      for (const server of servers) {
        pool.servers.set(server.address, [...(pool.servers.get(server.address) ?? []), { worker, server }]);
      }
    }
  }
  const all = Array.from(merged, ([name, { kind, queued, servers }]): Pool => {
    return { name, kind, queued, servers: Array.from(servers, ([address, seen]) => mergeServer(address, seen)) };
  });
  return { pools: all, missing: [...missing] };
}

function mergeServer(address: string, seen: readonly SeenBy[]): MergedServer {
  const inFlight = seen.reduce((sum, { server }) => sum + server.inFlight, 0);
  const latencies = seen.flatMap(({ server }) => server.latency ?? []);
  const workers = Object.fromEntries(
    seen.map(({ worker, server: { state, inFlight: own, why, told } }) => [
      worker,
      { state, inFlight: own, why, told },
    ]),
  );
  const latency =
    latencies.length === 0 ? null : { last: meanOf(latencies, 'last'), average: meanOf(latencies, 'average') };
  const common = { address, inFlight, latency, workers, everywhere: false };
  const order = seen.find(({ server }) => server.order !== null)?.server.order;
  if (order !== undefined && order !== null) {
    const state = order.order === 'down' ? 'down' : inFlight > 0 ? 'draining' : 'drained';
    return {
      ...common,
      state,
      since: instant(order.at),
      why: `${order.order}, by ${order.by}`,
      nextCheck: null,
      byApi: true,
      everywhere: order.everywhere === true,
    };
  }
  const isUp = seen.some(({ server }) => server.state === 'up');
  const first = seen[0]?.server;
  if (isUp || first === undefined)
    return { ...common, state: 'up', since: null, why: null, nextCheck: null, byApi: false };
  const since = Math.max(...seen.map(({ server }) => server.since ?? 0));
  const nextCheck = Math.min(...seen.map(({ server }) => server.nextCheck ?? Infinity));
  return {
    ...common,
    state: 'down',
    since: instant(since),
    why: first.why,
    nextCheck: instant(nextCheck),
    byApi: false,
  };
}

function meanOf(times: readonly ConnectTime[], key: keyof ConnectTime): number {
  return times.reduce((sum, time) => sum + time[key], 0) / times.length;
}

function instant(at: number): string | null {
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}
