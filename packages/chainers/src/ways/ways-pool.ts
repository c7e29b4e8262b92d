import type { ChainerPool, PoolServer, ServerOrder, Session } from '@inband/core';
import type { FailureMarks } from '../servers/down-marks.ts';
import type { Way } from './way.ts';

export interface WaysPoolDeps {
  /** The parents that are known now. */
  readonly parents: () => Iterable<Way>;
  readonly marks: FailureMarks;
  /** The way that a session is on. */
  readonly wayOf: (session: Session) => Way | undefined;
}

/** The parents that were found so far, as an operator sees and steers them: each by its key. */
export class WaysPool implements ChainerPool {
  readonly #deps: WaysPoolDeps;
  /** Undefined while there is none, which is asked for every request. */
  #orders: Map<string, ServerOrder> | undefined = undefined;

  constructor(deps: WaysPoolDeps) {
    this.#deps = deps;
  }

  /** Whether an operator has taken the parent with this key out. */
  isOut(key: string): boolean {
    return this.#orders !== undefined && this.#orders.has(key);
  }

  servers(): PoolServer[] {
    const marks = new Map(this.#deps.marks.all());
    return this.#parents().map(([address, { chainer }]): PoolServer => {
      const order = this.#orders?.get(address);
      const mark = marks.get(address);
      if (mark !== undefined) {
        const { why, since, until: nextCheck, isHeard } = mark;
        return { address, state: 'down', why, since, nextCheck, order, isHeard };
      }
      const down = chainer.pool?.servers() ?? [];
      const [first] = down.every(({ state }) => state === 'down') ? down : [];
      if (first !== undefined) return { ...first, address, order };
      return { address, state: 'up', why: undefined, since: undefined, nextCheck: undefined, order };
    });
  }

  serverOf(session: Session): string | undefined {
    return this.#deps.wayOf(session)?.key;
  }

  order(address: string, order: ServerOrder | undefined): boolean {
    if (!this.#parents().some(([key]) => key === address)) return false;
    const orders = new Map(this.#orders);
    if (order === undefined) orders.delete(address);
    else orders.set(address, order);
    this.#orders = orders.size === 0 ? undefined : orders;
    if (order === undefined) this.#deps.marks.clear(address);
    return true;
  }

  #parents(): [key: string, way: Way][] {
    return [...this.#deps.parents()].flatMap((way): [string, Way][] => (way.key === undefined ? [] : [[way.key, way]]));
  }
}
