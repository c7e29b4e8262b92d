import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../../log/logging.ts';
import { type AskedOrder, SharedOrders } from './shared-orders.ts';

const POOL = 'services.web.routes[0].chainer';
const [A, B] = ['10.0.0.1:80', '10.0.0.2:80'];

async function memory(): Promise<Store> {
  const store = await openStore({ type: 'memory', logger: silentLogger, reread: 20 });
  onTestFinished(() => store.close());
  return store;
}

/** A member whose pools are these, by name, with what they are made from. */
function member(store: Store, name: string, pools: Record<string, string> = { [POOL]: 'h1' }) {
  const servers = new Map<string, string>();
  const orders = new SharedOrders({
    store,
    member: name,
    logger: silentLogger,
    hashOf: (pool) => pools[pool],
    placeOf: ({ pool, hash }) =>
      Object.keys(pools).find((one) => pools[one] === hash) ?? (pool in pools ? pool : undefined),
    apply: async ({ pool, address, order, by }) => {
      if (!(pool in pools)) throw new Error('There is no such server.');
      if (order === 'up') servers.delete(`${pool} ${address}`);
      else servers.set(`${pool} ${address}`, `${order}, by ${by}`);
    },
  });
  onTestFinished(() => orders.close());
  orders.begin();
  return { orders, servers, pools };
}

const drain = (address = A): AskedOrder => ({ pool: POOL, address, order: 'drain', by: 'ops' });
const up = (address = A): AskedOrder => ({ pool: POOL, address, order: 'up', by: 'ops' });

test('an order reaches every member, those that start later included, and is taken back everywhere', async () => {
  const store = await memory();
  const [one, other] = [member(store, 'one'), member(store, 'other')];
  expect(await one.orders.give(drain())).toEqual({ told: true, why: '' });
  expect(one.servers.get(`${POOL} ${A}`)).toBe('drain, by ops');
  await expect.poll(() => other.servers.get(`${POOL} ${A}`)).toBe('drain, by ops on one');
  const late = member(store, 'late');
  await expect.poll(() => late.servers.size).toBe(1);
  expect(late.orders.all).toMatchObject([{ pool: POOL, address: A, order: 'drain', by: 'ops', member: 'one' }]);
  expect(await late.orders.give(up())).toEqual({ told: true, why: '' });
  await expect.poll(() => [one.servers.size, other.servers.size, late.servers.size]).toEqual([0, 0, 0]);
});

test('orders that are given at the same time are all kept', async () => {
  const store = await memory();
  const members = ['one', 'two', 'three'].map((name) => member(store, name));
  await Promise.all(members.map(({ orders }, index) => orders.give(drain(`10.0.0.${index}:80`))));
  for (const { servers } of members) await expect.poll(() => servers.size).toBe(3);
});

test('a store that is away changes nothing, and says why', async () => {
  const store = await memory();
  const one = member(store, 'one');
  await store.close();
  expect(await one.orders.give(drain())).toEqual({ told: false, why: 'The store is closed.' });
  expect(one.servers.size).toBe(0);
});

test('an order whose answer is lost is given once more, and told', async () => {
  const store = await memory();
  let lost = 0;
  const put = vi.spyOn(store, 'put').mockImplementationOnce(async (...args) => {
    await Object.getPrototypeOf(store).put.apply(store, args);
    lost += 1;
    throw new StoreUnavailable('timeout', 'It has not answered.');
  });
  const one = member(store, 'one');
  expect(await one.orders.give(drain())).toEqual({ told: true, why: '' });
  expect([lost, put.mock.calls.length]).toEqual([1, 2]);
  expect(one.orders.all).toHaveLength(1);
});

test('what a store has lost is put back by those who know it', async () => {
  const store = await memory();
  const [one, other] = [member(store, 'one'), member(store, 'other')];
  await one.orders.give(drain());
  await expect.poll(() => other.servers.size).toBe(1);
  await store.remove('orders');
  await expect.poll(() => store.get('orders')).toBeDefined();
  expect([one.servers.size, other.servers.size]).toEqual([1, 1]);
});

test('an older list in the store is no order of an operator', async () => {
  const store = await memory();
  const one = member(store, 'one');
  await one.orders.give(drain(A));
  const before = (await store.get('orders'))?.value ?? '';
  await one.orders.give(drain(B));
  const after = (await store.get('orders'))?.value;
  await store.put('orders', before);
  await expect.poll(async () => (await store.get('orders'))?.value).toBe(after);
  expect(one.servers.size).toBe(2);
});

test('an order that was given after a loss, by a member that did not know the others, joins them', async () => {
  const store = await memory();
  const one = member(store, 'one');
  await one.orders.give(drain(A));
  one.orders.close();
  await store.remove('orders');
  const fresh = member(store, 'fresh');
  await fresh.orders.give(drain(B));
  one.orders.begin();
  await expect.poll(() => [one.servers.size, fresh.servers.size]).toEqual([2, 2]);
});

test('a pool that stands elsewhere in another configuration is found by what it is made from', async () => {
  const store = await memory();
  const one = member(store, 'one');
  const moved = 'services.web.routes[1].chainer';
  const other = member(store, 'other', { [POOL]: 'another', [moved]: 'h1' });
  await one.orders.give(drain());
  await expect.poll(() => [...other.servers.keys()]).toEqual([`${moved} ${A}`]);
});

test('an order for a pool that comes with a later configuration is applied then', async () => {
  const store = await memory();
  const one = member(store, 'one');
  const other = member(store, 'other', {});
  await one.orders.give(drain());
  await expect.poll(() => other.orders.all.length).toBe(1);
  expect(other.servers.size).toBe(0);
  other.pools[POOL] = 'h2';
  await other.orders.replaced();
  expect(other.servers.size).toBe(1);
});

test('what cannot be read is neither applied nor overwritten', async () => {
  const store = await memory();
  const one = member(store, 'one');
  await one.orders.give(drain());
  await store.put('orders', '{"orders":7}');
  await vi.waitFor(async () => expect((await one.orders.give(up())).told).toBe(false));
  expect(one.servers.size).toBe(1);
  expect((await store.get('orders'))?.value).toBe('{"orders":7}');
});
