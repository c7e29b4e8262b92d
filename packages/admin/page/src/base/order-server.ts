import type { Pools } from '../../../src/schemas/pools.ts';
import { ask } from './api.ts';

/** Whether an order is of this machine, or of all members of its cluster. */
export type OrderScope = 'here' | 'everywhere';

interface Ordering {
  readonly order: string;
  readonly scope: OrderScope;
  readonly refresh: () => void;
}

/** Takes a server of a pool out, or back in. Resolves with what was done. */
export async function orderServer(pool: string, address: string, { order, scope, refresh }: Ordering): Promise<string> {
  const server = `pools/${encodeURIComponent(pool)}/servers/${encodeURIComponent(address)}`;
  const query = scope === 'everywhere' ? '?everywhere=true' : '';
  const { everywhere } = await ask<Pools>(`${server}/${order}${query}`, { method: 'POST' });
  refresh();
  return `${address}: ${order}.${everywhere === undefined ? '' : ` ${everywhere.detail}`}`;
}
