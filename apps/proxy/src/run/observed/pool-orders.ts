import type { ServerOrder } from '@inband/core';
import { formatPath } from '../../config/problem/problem.ts';
import type { Plan } from '../plan/planned.ts';
import { isChainer } from './planned-pools.ts';

/** What an operator wants of a server, who said so, and when (as of `Date.now`). */
export interface OrderNote {
  readonly order: ServerOrder;
  readonly by: string;
  readonly at: number;
  /** All members of the cluster have it. */
  readonly everywhere?: boolean | undefined;
}

/** The same, by the name of the pool in the configuration that is current. */
export interface PoolOrder extends OrderNote {
  readonly pool: string;
  readonly address: string;
}

/**
 * Where orders belong when the plan `after` replaces `before`. A pool that is the same object, wherever it stands now, keeps its orders.
 * So does one that was made anew at its place. The others are lost.
 */
export function carryOver(
  orders: readonly PoolOrder[],
  before: Plan,
  after: Plan,
): { readonly orders: readonly PoolOrder[]; readonly lost: readonly PoolOrder[] } {
  if (orders.length === 0) return { orders, lost: [] };
  const hashes = new Map(before.all.filter(isChainer).map(({ hash, path }) => [formatPath(path), hash]));
  const chainers = after.all.filter(isChainer);
  const names = new Map(chainers.map(({ hash, path }) => [hash, formatPath(path)]));
  const places = new Set(names.values());
  const kept = new Set(orders.map(({ pool }) => names.get(hashes.get(pool) ?? '')));
  const moved: PoolOrder[] = [];
  const lost: PoolOrder[] = [];
  for (const order of orders) {
    const name = names.get(hashes.get(order.pool) ?? '');
    // A place that another pool has moved to is not the place of a new version of this one.
    if (name !== undefined) moved.push({ ...order, pool: name });
    else if (places.has(order.pool) && !kept.has(order.pool)) moved.push(order);
    else lost.push(order);
  }
  return { orders: moved, lost };
}
