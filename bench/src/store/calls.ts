import { openStore, type Store } from '@inband/store';

/** A call of a store that is measured. */
export interface MeasuredCall {
  readonly name: string;
  /** What must be there before. */
  readonly prepare?: (store: Store) => Promise<unknown>;
  /** `number`: of the call. */
  readonly call: (store: Store, number: number) => Promise<unknown>;
}

const RATE = { amount: 1_000_000, per: 1_000, burst: 1_000_000 };
const DAY = 86_400_000;
const KIB = 1_024;
const MEMBERS = 1_000;
/** Keys that calls go round. */
const KEYS = 1_000;

/** The calls that a machine makes again and again, and those of a push. */
export const MEASURED_CALLS: readonly MeasuredCall[] = [
  {
    name: 'lease of a rate',
    call: (store, number) => store.lease(`web/perClient.requests/${number % KEYS}`, RATE, 10, 1),
  },
  {
    name: 'places of a connection limit',
    call: (store, number) => {
      const holding = { most: 100, held: number % 10, wanted: 2, ttl: 30_000 };
      return store.hold(`web/perClient.connections/${number % KEYS}`, 'machine', holding);
    },
  },
  {
    name: 'count of a quota',
    call: (store, number) => {
      return store.count(`web/perUser.quota/${number % KEYS}`, { most: 1e12, period: DAY, used: 1_000, wanted: 1_000 });
    },
  },
  { name: `beat, ${MEMBERS} members`, prepare: beats, call: (store, number) => beat(store, number % MEMBERS) },
  { name: `list of ${MEMBERS} members`, prepare: beats, call: (store) => store.members() },
  {
    name: 'get of 20 KiB',
    prepare: (store) => store.put('config/current', 'x'.repeat(20 * KIB)),
    call: (store) => store.get('config/current'),
  },
];

async function beats(store: Store): Promise<void> {
  for (let member = 0; member < MEMBERS; member += 1) await beat(store, member);
}

async function beat(store: Store, member: number): Promise<unknown> {
  return store.beat(`edge-${member}`, JSON.stringify({ version: '1.0.0', workers: 2, open: 1_234, config: 17 }));
}

/** Makes `count` calls, `atOnce` of them at one time. Rejects with the first error. */
export async function callMany(store: Store, { call }: MeasuredCall, count: number, atOnce: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await call(store, next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** Opens the store at `port`, and waits until it answers. */
export async function openWhenThere(type: 'redis' | 'nats', port: number): Promise<Store> {
  const logger = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, isLevelEnabled: () => false };
  const address = { host: '127.0.0.1', port };
  // The deadline is none of what is measured.
  const options = { logger, deadline: 5_000, retryAfter: 50 };
  const store = await openStore(
    type === 'redis'
      ? { type, ...options, servers: { at: address } }
      : { type, ...options, servers: { addresses: [address] } },
  );
  for (let tries = 0; tries < 100; tries += 1) {
    if (await store.time().then(Number.isFinite, () => false)) return store;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${type} does not answer.`);
}
