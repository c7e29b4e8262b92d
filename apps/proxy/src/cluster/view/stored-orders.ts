import * as z from 'zod';
import { instant, serial } from '../stored-numbers.ts';

/** What an operator has ordered of a server, for all members. */
const storedOrder = z.object({
  /** The place of the pool in the configuration where it was ordered. */
  pool: z.string(),
  /** Of what the pool is made from, so that it is found where it stands elsewhere. */
  hash: z.string().optional(),
  address: z.string(),
  order: z.enum(['drain', 'down']),
  by: z.string(),
  member: z.string(),
  /** As of `Date.now` there. */
  at: instant,
});
export type StoredOrder = z.infer<typeof storedOrder>;

const storedOrders = z.object({
  /** Of the first list, at random. Another one: the store had lost the list, and a member that did not know it has begun a new one. */
  born: z.string(),
  /** One more with each change, so that an older list is known as one. */
  serial,
  orders: z.array(storedOrder),
});
/** The orders of all servers. They replace each other as a whole, by compare and set. */
export type StoredOrders = Readonly<z.infer<typeof storedOrders>>;

export const NO_ORDERS: StoredOrders = { born: '', serial: 0, orders: [] };

/** Undefined for what is none. */
export function readOrders(text: string): StoredOrders | undefined {
  try {
    return storedOrders.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * What is to be stored where `known` is known and `stored` is stored: one of both, if that is enough. A store that was wiped or has come back with
 * old data has lost orders that no operator took back.
 */
export function reconcile(known: StoredOrders, stored: StoredOrders | undefined): StoredOrders {
  if (stored === undefined) return known;
  if (known.orders.length === 0 && known.born === '') return stored;
  if (known.born === stored.born) return stored.serial >= known.serial ? stored : known;
  const lost = known.orders.filter((order) => !stored.orders.some((one) => isSameServer(one, order)));
  if (lost.length === 0) return stored;
  return { born: stored.born, serial: stored.serial + 1, orders: [...stored.orders, ...lost] };
}

/** The server of a pool, as an order names it. */
export type OrderedServer = Pick<StoredOrder, 'pool' | 'hash' | 'address'>;

/** A pool is the same where it is made from the same, or stands at the same place. */
export function isSameServer(one: OrderedServer, other: OrderedServer): boolean {
  if (one.address !== other.address) return false;
  return one.pool === other.pool || (one.hash !== undefined && one.hash === other.hash);
}
