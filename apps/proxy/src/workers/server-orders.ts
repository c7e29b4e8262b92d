import type { Questions } from '@inband/admin';
import { carryOver, type PoolOrder } from '../run/observed/pool-orders.ts';
import type { Plan } from '../run/plan/planned.ts';

/** What operators have ordered of servers, for workers that are started later. */
export class ServerOrders {
  #all: readonly PoolOrder[] = [];

  get all(): readonly PoolOrder[] {
    return this.#all;
  }

  /** Notes what a question has ordered, when the workers have taken it. */
  note(question: unknown): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the endpoint has checked it
    const { pool, address, order, by, everywhere } = question as Questions['order-server']['argument'];
    const others = this.#all.filter((one) => one.pool !== pool || one.address !== address);
    this.#all = order === 'up' ? others : [...others, { pool, address, order, by, at: Date.now(), everywhere }];
  }

  /** The workers have another configuration. */
  replaced(before: Plan, after: Plan): void {
    this.#all = carryOver(this.#all, before, after).orders;
  }
}
