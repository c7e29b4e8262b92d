import type { Logger } from '@inband/core';
import { type Entry, type Store, StoreUnavailable, type Watch } from '@inband/store';
import { randomUUID } from 'node:crypto';
import {
  isSameServer,
  NO_ORDERS,
  type OrderedServer,
  readOrders,
  reconcile,
  type StoredOrder,
  type StoredOrders,
} from './stored-orders.ts';

const KEY = 'orders';
/** Orders at most. */
const MOST = 1_000;
/** Times that a change is tried when others change the list at the same time. */
const TRIES = 5;
const UNREADABLE = 'the orders of servers in the store cannot be read; those that are known stay';

/** An order as an operator gives it. `up`: that all members use the server as usual. */
export interface AskedOrder {
  readonly pool: string;
  readonly address: string;
  readonly order: 'drain' | 'down' | 'up';
  readonly by: string;
}

/** The same for the processes of one member. */
export interface AppliedOrder extends AskedOrder {
  readonly everywhere: boolean;
}

/** What became of it. */
export interface Told {
  /** Whether the store has it. */
  readonly told: boolean;
  /** Why not; empty where it has. */
  readonly why: string;
}

export interface SharedOrdersDeps {
  readonly store: Store;
  /** The name of this member. */
  readonly member: string;
  readonly logger: Logger;
  /** The hash of the pool with this name. */
  readonly hashOf: (pool: string) => string | undefined;
  /** The name that the pool of an order has here. Undefined where there is no such pool. */
  readonly placeOf: (order: Pick<StoredOrder, 'pool' | 'hash'>) => string | undefined;
  /** Has the processes of this member do it. Rejects where there is no such server. */
  readonly apply: (order: AppliedOrder) => Promise<void>;
}

/** An order that the processes of this member have. */
interface Applied {
  readonly stored: StoredOrder;
  readonly place: string;
}

/**
 * Orders for servers that all members have: a list in the store, which this member follows. A list that is gone, or older than the one that is
 * known, was lost by the store and not changed by an operator; then the known one is put back.
 */
export class SharedOrders {
  readonly #deps: SharedOrdersDeps;
  #watch: Watch | undefined = undefined;
  #known: StoredOrders = NO_ORDERS;
  readonly #applied = new Map<string, Applied>();
  /** What is being applied, so that one list comes after the other. */
  #applying: Promise<void> = Promise.resolve();

  constructor(deps: SharedOrdersDeps) {
    this.#deps = deps;
  }

  /** What all members have, as far as is known here. */
  get all(): readonly StoredOrder[] {
    return this.#known.orders;
  }

  /** Follows the list from now on, first what there is. */
  begin(): void {
    this.#watch ??= this.#deps.store.watch(KEY, (entry) => void this.#seen(entry));
  }

  close(): void {
    this.#watch?.stop();
    this.#watch = undefined;
  }

  /** There is another configuration, with other pools perhaps. */
  async replaced(): Promise<void> {
    await this.#applyAll();
  }

  /** Gives an order to all members, this one included. Where the store cannot be asked nothing is changed. Never rejects. */
  async give(asked: AskedOrder): Promise<Told> {
    const change = this.#storedOf(asked);
    let why = 'Others change the orders at the same time; try again.';
    for (let tries = 0; tries < TRIES; tries += 1) {
      try {
        const given = await this.#tryToGive(change);
        if (given !== undefined) return given;
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
        if (!isDoubtful(error)) break;
      }
    }
    return { told: false, why };
  }

  /** Undefined where others have changed the list at the same time. Rejects with a `StoreError`. */
  async #tryToGive(change: StoredOrder | TakenBack): Promise<Told | undefined> {
    const { store } = this.#deps;
    const entry = await store.get(KEY);
    const stored = entry && readOrders(entry.value);
    if (entry !== undefined && stored === undefined) return { told: false, why: UNREADABLE };
    const { born, serial, orders: before } = reconcile(this.#known, stored);
    const orders = changed(before, change);
    if (orders.length > MOST) return { told: false, why: `There are ${MOST} orders already; take one back first.` };
    const next = { born: born === '' ? randomUUID() : born, serial: serial + 1, orders };
    const { written } = await store.put(KEY, JSON.stringify(next), { ifRevision: entry?.revision ?? null });
    if (!written) return undefined;
    await this.#take(next);
    return { told: true, why: '' };
  }

  #storedOf({ pool, address, order, by }: AskedOrder): StoredOrder | TakenBack {
    const hash = this.#deps.hashOf(pool);
    const server = { pool, address, ...(hash !== undefined && { hash }) };
    if (order === 'up') return { takenBack: server };
    return { ...server, order, by, member: this.#deps.member, at: Date.now() };
  }

  async #seen(entry: Entry | undefined): Promise<void> {
    const stored = entry && readOrders(entry.value);
    const { logger, store } = this.#deps;
    if (entry !== undefined && stored === undefined) return logger.warn({}, UNREADABLE);
    const list = reconcile(this.#known, stored);
    if (list === stored) return this.#take(list);
    if (list.orders.length === 0) return;
    logger.warn({ orders: list.orders.length }, 'the store has lost orders of servers; putting them back');
    // Whoever is first puts them back, and the others see that.
    await store.put(KEY, JSON.stringify(list), { ifRevision: entry?.revision ?? null }).catch(() => undefined);
  }

  #take(list: StoredOrders): Promise<void> {
    this.#known = list;
    return this.#applyAll();
  }

  /** One after the other, and always the list that is known last. */
  #applyAll(): Promise<void> {
    this.#applying = this.#applying.then(() => this.#applyKnown());
    return this.#applying;
  }

  async #applyKnown(): Promise<void> {
    const { orders } = this.#known;
    const wanted = new Map(orders.map((order) => [keyOf(order), order]));
    for (const [key, { stored, place }] of this.#applied) {
      if (wanted.has(key)) continue;
      this.#applied.delete(key);
      await this.#order({ ...stored, pool: place, order: 'up' });
    }
    for (const [key, stored] of wanted) await this.#applyOne(key, stored);
  }

  async #applyOne(key: string, stored: StoredOrder): Promise<void> {
    const place = this.#deps.placeOf(stored);
    const before = this.#applied.get(key);
    if (place === undefined) return void this.#applied.delete(key);
    if (before?.place === place && before.stored.at === stored.at && before.stored.order === stored.order) return;
    const by = stored.member === this.#deps.member ? stored.by : `${stored.by} on ${stored.member}`;
    if (await this.#order({ ...stored, pool: place, by })) this.#applied.set(key, { stored, place });
  }

  /** Whether there is such a server. */
  async #order({ pool, address, order, by }: AskedOrder): Promise<boolean> {
    try {
      await this.#deps.apply({ pool, address, order, by, everywhere: order !== 'up' });
      return true;
    } catch (error) {
      this.#deps.logger.debug(
        { err: error, pool, server: address, order },
        'an order of all members has no server here',
      );
      return false;
    }
  }
}

/** A server that all members are to use as usual. */
interface TakenBack {
  readonly takenBack: OrderedServer;
}

function changed(orders: readonly StoredOrder[], change: StoredOrder | TakenBack): StoredOrder[] {
  const server = 'takenBack' in change ? change.takenBack : change;
  const others = orders.filter((one) => !isSameServer(one, server));
  return 'takenBack' in change ? others : [...others, change];
}

/** What was asked for may have been done although there was no answer. It is the same when it is done again. */
function isDoubtful(error: unknown): boolean {
  return error instanceof StoreUnavailable && (error.reason === 'timeout' || error.reason === 'disconnected');
}

function keyOf({ pool, hash, address }: StoredOrder): string {
  return `${hash ?? pool}\n${address}`;
}
