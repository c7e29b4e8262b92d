import type { ChainerPool, PoolServer, ServerOrder, Session } from '@inband/core';
import type { FailureMarks } from './down-marks.ts';
import type { HostList } from './host-list.ts';

export interface ListedServersDeps {
  /** With the ports of the configuration. */
  readonly servers: HostList;
  /** The same, for the port that the client of a session addressed. */
  readonly serversFor: (session: Session) => HostList | undefined;
  /** The key of the server that a session has. */
  readonly keyOf: (session: Session) => string | undefined;
  readonly marks?: FailureMarks | undefined;
  /** Called when an operator has given an order. */
  readonly onOrder?: (() => void) | undefined;
}

/** The servers of a chainer that are listed in the configuration, as an operator sees and steers them. */
export class ListedServers implements ChainerPool {
  readonly #deps: ListedServersDeps;
  /** By the key in the configuration. Undefined while there is none, which is asked for every request. */
  #orders: Map<string, ServerOrder> | undefined = undefined;

  constructor(deps: ListedServersDeps) {
    this.#deps = deps;
  }

  /** Whether an operator has taken out the server at `index` of the list. */
  isOut(index: number): boolean {
    return this.#orders !== undefined && this.#orders.has(this.#deps.servers.keys[index] ?? '');
  }

  servers(): PoolServer[] {
    const marks = this.#deps.marks?.all() ?? [];
    return [...new Set(this.#deps.servers.keys)].map((address): PoolServer => {
      const mark = marks.find(([key]) => this.#isAt(key, address))?.[1];
      const order = this.#orders?.get(address);
      if (mark === undefined) {
        return { address, state: 'up', why: undefined, since: undefined, nextCheck: undefined, order };
      }
      const { why, since, until: nextCheck, isHeard } = mark;
      return { address, state: 'down', why, since, nextCheck, order, isHeard };
    });
  }

  serverOf(session: Session): string | undefined {
    const { servers, serversFor, keyOf } = this.#deps;
    const key = keyOf(session);
    const index = key === undefined ? -1 : (serversFor(session)?.keys.indexOf(key) ?? -1);
    return index < 0 ? undefined : servers.keys[index];
  }

  order(address: string, order: ServerOrder | undefined): boolean {
    if (!this.#deps.servers.keys.includes(address)) return false;
    const orders = new Map(this.#orders);
    if (order === undefined) orders.delete(address);
    else orders.set(address, order);
    this.#orders = orders.size === 0 ? undefined : orders;
    if (order === undefined) this.#forgetFailures(address);
    this.#deps.onOrder?.();
    return true;
  }

  #forgetFailures(address: string): void {
    const { marks } = this.#deps;
    for (const [key] of marks?.all() ?? []) if (this.#isAt(key, address)) marks?.clear(key);
  }

  /** Whether `key` is the server that the configuration has as `address`, at any port where that is 0. */
  #isAt(key: string, address: string): boolean {
    if (key === address) return true;
    const { servers } = this.#deps;
    return (
      servers.followsClient && address.endsWith(':0') && key.slice(0, key.lastIndexOf(':')) === address.slice(0, -2)
    );
  }
}
