import type { ServerOrder } from '@inband/core';
import type { KnownServer } from '../sources/server-source.ts';

type NamedServer = Pick<KnownServer, 'id' | 'written'>;

/** What operators have ordered for the servers of a pool, each by its id or as it is written. */
export class ServerOrders {
  /** Undefined while there is none. */
  #orders: Map<string, ServerOrder> | undefined = undefined;

  /** Undefined: nothing is ordered any more. */
  set(address: string, order: ServerOrder | undefined): void {
    const orders = new Map(this.#orders);
    if (order === undefined) orders.delete(address);
    else orders.set(address, order);
    this.#orders = orders.size === 0 ? undefined : orders;
  }

  of({ id, written }: NamedServer): ServerOrder | undefined {
    return this.#orders?.get(id) ?? this.#orders?.get(written);
  }
}

/** Whether an operator means this server. */
export function isAt(address: string, { id, written }: NamedServer): boolean {
  return id === address || written === address;
}
