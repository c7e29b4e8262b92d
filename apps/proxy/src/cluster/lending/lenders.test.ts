import { type Store, StoreUnavailable } from '@inband/store';
import { afterEach, expect, test, vi } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { passTimeUntil } from '../../../../../packages/core/test-support/passing-time.ts';
import { openMemory } from './memory.ts';
import { AwayShares, shareOf } from './away-shares.ts';
import type { AwayPolicy, NumberedAnswer, NumberedCall } from './lend-messages.ts';
import { LendingDesk } from './lending-desk.ts';
import { MachineLender } from './machine-lender.ts';
import { storeName } from './store-name.ts';
import { WorkerLender } from './worker-lender.ts';

const rate = { amount: 10, per: 60_000, burst: 20 };

/** A wait that began a moment ago. */
const around = (milliseconds: number): unknown =>
  expect.toSatisfy((wait: number) => wait <= milliseconds && wait > milliseconds / 2);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) await close();
});

interface Machine {
  readonly away?: AwayPolicy;
  readonly parties?: number;
  /** Whether its store is. */
  readonly isAway?: boolean;
}

async function machine({ away = 'local', parties = 1, isAway = false }: Machine = {}) {
  const store = await openMemory();
  const shares = new AwayShares({ policy: away, parties: () => parties, open: openMemory });
  closing.push(
    () => store.close(),
    () => shares.close(),
  );
  if (isAway) await store.close();
  let processes = 0;
  const lender = (): MachineLender =>
    new MachineLender({ store, shares, parties: () => parties, holder: `process ${(processes += 1)}` });
  return { store, lender };
}

test('processes of a machine lease from one bucket', async () => {
  const { lender } = await machine();
  const [one, other] = [lender(), lender()];
  expect(await one.lease('a', rate, 0, 12)).toEqual({ granted: 12, retryAfter: 0, remaining: 8 });
  expect(await other.lease('a', rate, 0, 12)).toEqual({ granted: 8, retryAfter: 0, remaining: 0 });
  expect(await one.lease('a', rate, 0, 1)).toMatchObject({ granted: 0, retryAfter: around(6_000) });
});

test('what was spent in advance is taken, whatever there is', async () => {
  const { lender } = await machine();
  const one = lender();
  expect(await one.lease('a', rate, 25, 5)).toMatchObject({ granted: 0, retryAfter: around(36_000) });
});

test('while the store is away, each member has its part of a limit', async () => {
  const { lender } = await machine({ isAway: true, parties: 4 });
  const one = lender();
  expect(await one.lease('a', rate, 0, 20)).toMatchObject({ granted: 5 });
  expect(await one.lease('a', rate, 0, 1)).toMatchObject({ granted: 0, retryAfter: around(24_000) });
  // Of which all its processes have a part.
  expect(await one.hold('a', 10, 1, 0)).toEqual({ granted: 0, free: 1 });
  expect(await lender().hold('a', 10, 1, 5)).toEqual({ granted: 0, free: 0 });
});

test('processes have places of one number, until they end', async () => {
  const { lender } = await machine();
  const [one, other] = [lender(), lender()];
  expect(await one.hold('a', 10, 4, 4)).toEqual({ granted: 4, free: 2 });
  expect(await other.hold('a', 10, 1, 4)).toEqual({ granted: 1, free: 0 });
  await one.end();
  expect(await other.hold('a', 10, 1, 4)).toEqual({ granted: 4, free: 5 });
});

test('processes count one quota', async () => {
  const { lender } = await machine();
  const [one, other] = [lender(), lender()];
  expect(await one.count('a', 100, 10, 50)).toMatchObject({ granted: 50, total: 60 });
  expect(await other.count('a', 100, 10, 50)).toMatchObject({ granted: 30, total: 100 });
});

test('while the store is away, nothing is known of a quota', async () => {
  const { lender } = await machine({ isAway: true });
  expect(await lender().count('a', 100, 10, 50)).toBeUndefined();
});

test('the parts of a rate are not more than the rate', () => {
  expect(shareOf(rate, 3)).toEqual({ amount: 10, per: 180_000, burst: 6 });
  expect(shareOf({ amount: 1, per: 1_000, burst: 1 }, 3)).toEqual({ amount: 1, per: 3_000, burst: 1 });
});

test('while the store is away, "open" lets all pass', async () => {
  const { lender } = await machine({ isAway: true, away: 'open' });
  expect(await lender().lease('a', rate, 0, 1_000)).toEqual({ granted: 1_000, retryAfter: 0, remaining: 20 });
});

test('while the store is away, "closed" lets nothing pass', async () => {
  const { lender } = await machine({ isAway: true, away: 'closed' });
  const nothing = { granted: 0, retryAfter: 1_000, remaining: 0, closed: true };
  expect(await lender().lease('a', rate, 0, 1)).toEqual(nothing);
  expect(await lender().hold('a', 10, 0, 1)).toEqual({ granted: 0, free: 0, closed: true });
});

test('with "closed", a call that had no turn closes what it was about, and not all of its limit', async () => {
  const { store } = await machine();
  const shares = new AwayShares({ policy: 'closed', parties: () => 1, open: openMemory });
  closing.push(() => shares.close());
  const busy = async (): Promise<never> => Promise.reject(new StoreUnavailable('busy', 'others were before it'));
  const crowded: Store = Object.assign(Object.create(store) as Store, { lease: busy, hold: busy });
  const one = new MachineLender({ store: crowded, shares, parties: () => 1, holder: 'one' });
  expect(await one.lease('a', rate, 0, 1)).toEqual({ granted: 0, retryAfter: 1_000, remaining: 0 });
  expect(await one.hold('a', 10, 0, 1)).toEqual({ granted: 0, free: 0 });
});

test('names of any length are names of the store', async () => {
  const { lender } = await machine();
  const long = 'ä'.repeat(10_000);
  expect(await lender().lease(long, rate, 0, 20)).toMatchObject({ granted: 20 });
  expect(await lender().lease(`${long}a`, rate, 0, 20)).toMatchObject({ granted: 20 });
  expect(await lender().lease(long, rate, 0, 20)).toMatchObject({ granted: 0 });
  for (const name of ['a\ud800', `${'a'.repeat(39)}😀${'b'.repeat(200)}`, long]) {
    expect(Buffer.byteLength(storeName(name))).toBeLessThanOrEqual(200);
    expect(storeName(name).isWellFormed()).toBe(true);
  }
  expect(storeName('web/perClient.requests/192.0.2.7')).toBe('web/perClient.requests/192.0.2.7');
});

interface Pair {
  readonly away?: AwayPolicy;
  /** Whether the supervisor is. */
  readonly isSilent?: boolean;
  readonly parties?: number;
  /** The clock of the worker. */
  readonly now?: () => number;
}

/** A worker and its supervisor, with messages as they go through the channel between them. */
async function pair({ away = 'local', isSilent = false, parties = 2, now }: Pair = {}) {
  const messages: { readonly calls: (readonly NumberedCall[])[]; readonly answers: (readonly NumberedAnswer[])[] } = {
    calls: [],
    answers: [],
  };
  const { lender: machineLender } = await machine();
  const desk = new LendingDesk(machineLender(), (answers) => {
    messages.answers.push(copy(answers));
    lender.take(copy(answers));
  });
  const send = (calls: readonly NumberedCall[]): void => {
    messages.calls.push(copy(calls));
    if (!isSilent) desk.take(copy(calls));
  };
  const lender: WorkerLender = new WorkerLender({ away, parties, deadline: 1, send, ...(now && { now }) });
  closing.push(() => lender.close());
  return { lender, messages };
}

function copy<Value>(value: Value): Value {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the channel does it
  return JSON.parse(JSON.stringify(value)) as Value;
}

test('all calls of one turn are one message, and their answers another', async () => {
  const { lender, messages } = await pair();
  const [one, other, counted] = await Promise.all([
    lender.lease('a', rate, 0, 15),
    lender.lease('a', rate, 0, 15),
    lender.count('a', 10, 1, 1),
  ]);
  expect([one.granted, other.granted]).toEqual([15, 5]);
  expect(counted).toMatchObject({ granted: 1, total: 2 });
  expect(messages.calls.map(({ length }) => length)).toEqual([3]);
  expect(messages.answers.map(({ length }) => length)).toEqual([3]);
});

test('a worker whose supervisor is silent decides by itself, in bounded time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { lender } = await pair({ isSilent: true, parties: 4 });
  const begun = performance.now();
  expect(await passTimeUntil(lender.lease('a', rate, 0, 20))).toMatchObject({ granted: 5 });
  expect(await passTimeUntil(lender.hold('a', 8, 1, 5))).toEqual({ granted: 1, free: 0 });
  expect(await passTimeUntil(lender.count('a', 10, 1, 1))).toBeUndefined();
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('a supervisor that is silent is not sent more and more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  let time = 0;
  const { lender, messages } = await pair({ isSilent: true, away: 'open', now: () => time });
  for (let round = 0; round < perForm(3, 2); round += 1) {
    const asked = Array.from({ length: perForm(9_000, 8_300) }, (_, index) => lender.lease(String(index), rate, 0, 1));
    const leased = await passTimeUntil(Promise.all(asked));
    expect(leased.every(({ granted }) => granted === 1)).toBe(true);
  }
  expect(messages.calls.flat()).toHaveLength(8_192);
  time = 1_000;
  await passTimeUntil(lender.lease('later', rate, 0, 1));
  expect(messages.calls.flat()).toHaveLength(8_193);
});

test('a worker that closes lets nobody wait', async () => {
  const { lender } = await pair({ isSilent: true, away: 'closed' });
  const leasing = lender.lease('a', rate, 0, 1);
  await lender.close();
  expect(await leasing).toMatchObject({ granted: 0 });
});
