import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TicketKeyRing } from '../../session-tickets/ticket-keys.ts';
import { SealedValues } from '../../sealed/sealed-values.ts';
import { Sealer } from '../../sealed/sealer.ts';
import { SharedTickets } from './shared-tickets.ts';

const HOUR = 3_600_000;
const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), fatal: vi.fn(), trace: vi.fn() };
const sealer = new Sealer('edge', [randomBytes(32)]);

let store: Store;
let isAway: boolean;
let members: { readonly ring: TicketKeyRing; readonly tickets: SharedTickets }[];

beforeEach(async () => {
  vi.useFakeTimers();
  isAway = false;
  members = [];
  store = await newStore();
});

afterEach(async () => {
  for (const { ring, tickets } of members) [ring, tickets].forEach((each) => each.close());
  await store.close();
  vi.useRealTimers();
});

async function newStore(): Promise<Store> {
  const made = await openStore({ type: 'memory', logger, reread: 60_000 });
  const there = async (): Promise<void> => {
    if (isAway) throw new StoreUnavailable('away', 'away');
  };
  const { get, put, lock } = { get: made.get.bind(made), put: made.put.bind(made), lock: made.lock.bind(made) };
  vi.spyOn(made, 'get').mockImplementation((key) => there().then(() => get(key)));
  vi.spyOn(made, 'put').mockImplementation((key, value, options) => there().then(() => put(key, value, options)));
  vi.spyOn(made, 'lock').mockImplementation((name, ttl) => there().then(() => lock(name, ttl)));
  return made;
}

async function enter(): Promise<TicketKeyRing> {
  const ring = new TicketKeyRing();
  const values = new SealedValues(store, sealer);
  const tickets = new SharedTickets({ store, values, ring, own: sealer.ownKey, logger });
  tickets.start();
  members.push({ ring, tickets });
  await vi.advanceTimersByTimeAsync(10);
  return ring;
}

const hex = ({ current }: TicketKeyRing): string[] => current.keys.map((key) => Buffer.from(key).toString('hex'));

test('members have the keys of the first one, and the same own key', async () => {
  const one = await enter();
  const first = hex(one);
  const two = await enter();
  expect(hex(two)).toEqual(first);
  expect(two.current.own).toEqual(one.current.own);
});

test('of all members one puts a new key first every eight hours', async () => {
  const [one, two, three] = [await enter(), await enter(), await enter()];
  const first = hex(one);
  await vi.advanceTimersByTimeAsync(8 * HOUR + 120_000);
  const second = hex(one);
  expect(second.slice(1)).toEqual(first.slice(0, 2));
  expect([hex(two), hex(three)]).toEqual([second, second]);
  await vi.advanceTimersByTimeAsync(16 * HOUR + 240_000);
  expect(hex(two)).toEqual(hex(three));
  expect(hex(two)).not.toContain(first[0]);
});

test('without the store the keys stay for 48 hours, then each member has its own, and takes the shared ones again', async () => {
  const [one, two] = [await enter(), await enter()];
  const first = hex(one);
  isAway = true;
  await vi.advanceTimersByTimeAsync(47 * HOUR);
  expect([hex(one), hex(two)]).toEqual([first, first]);
  await vi.advanceTimersByTimeAsync(2 * HOUR);
  expect(hex(one)).not.toEqual(hex(two));
  expect(hex(one).slice(1)).toEqual(first.slice(0, 2));
  isAway = false;
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(hex(one)).toEqual(hex(two));
});

test('a store that was wiped has the same keys again', async () => {
  const [one, two] = [await enter(), await enter()];
  const first = hex(one);
  await store.remove('tickets');
  await store.remove('tickets/fresh');
  await vi.advanceTimersByTimeAsync(10_000);
  expect([hex(one), hex(two)]).toEqual([first, first]);
  expect(await store.get('tickets')).toBeDefined();
});

test('the store does not show the keys', async () => {
  const one = await enter();
  const stored = (await store.get('tickets'))?.value ?? '';
  expect(stored).toMatch(/^sealed1\./);
  for (const key of one.current.keys) expect(stored).not.toContain(Buffer.from(key).toString('base64').slice(0, 20));
});
