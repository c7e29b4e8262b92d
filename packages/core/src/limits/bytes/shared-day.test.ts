import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Asking, PACE, RENEWED } from '../shared/asking.ts';
import type { Counted, Lender } from '../shared/lender.ts';
import { Quota } from './quota.ts';
import { SharedDay } from './shared-day.ts';

const MiB = 2 ** 20;
const DAY = 86_400_000;
/** Milliseconds until the lender answers. */
const ANSWERED = 20;

beforeEach(() => {
  vi.useFakeTimers({ now: 20_000 * DAY + 3_600_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Counts for all, in days of its own clock. */
function ledger(parties = 2) {
  const calls: { told: number; wanted: number }[] = [];
  const state = { calls, total: 0, day: Math.floor(Date.now() / DAY), isAway: false, hours: 0 };
  const answer = (most: number, told: number, wanted: number, of: number | undefined): Counted => {
    const now = Date.now() + state.hours * 3_600_000;
    const day = Math.floor(now / DAY);
    if (day !== state.day) state.total = 0;
    state.day = day;
    if (told >= 0 || of === day) state.total = Math.max(0, state.total + told);
    const granted = Math.max(0, Math.min(wanted, most - state.total));
    state.total += granted;
    return { granted, total: state.total, of: day, left: (day + 1) * DAY - now };
  };
  const never = (): never => {
    throw new Error('not asked for');
  };
  const lender: Lender = {
    parties,
    lease: never,
    hold: never,
    count: async (_key, most, told, wanted, of) => {
      calls.push({ told, wanted });
      await new Promise((done) => setTimeout(done, ANSWERED));
      return state.isAway ? undefined : answer(most, told, wanted, of);
    },
  };
  return { state, lender };
}

function processOf(lender: Lender) {
  const asking = new Asking(() => performance.now());
  const day = new SharedDay({ lender, asking, key: 'web/perUser.quota/ci', now: () => performance.now() });
  return { asking, day };
}

const pass = (time: number) => vi.advanceTimersByTimeAsync(time);
const limit = (bytes: number, soft = false) => ({ bytes, written: `${bytes}B/day`, soft });

/** Bytes that pass of `bytes`, read by read, a read each 5 ms. */
async function move(day: SharedDay, bytes: number, quota: ReturnType<typeof limit>, read = 64 * 1024): Promise<number> {
  let moved = 0;
  while (moved < bytes) {
    const count = Math.min(read, bytes - moved);
    moved += count;
    if (!day.take(count, quota)) return moved;
    await pass(5);
  }
  return moved;
}

test('two processes together use no more than the quota, but for one read', async () => {
  const { state, lender } = ledger();
  const [one, other] = [processOf(lender), processOf(lender)];
  const quota = limit(10 * MiB);
  const moved = [await move(one.day, 4 * MiB, quota), await move(other.day, 20 * MiB, quota)];
  expect(moved[0]).toBe(4 * MiB);
  const sum = moved[0]! + moved[1]!;
  // What the first one took in advance, and has not given back yet.
  expect(sum).toBeGreaterThan(7 * MiB);
  expect(sum).toBeLessThanOrEqual(10 * MiB + 64 * 1024);
  expect([one.day.refusal(quota), other.day.refusal(quota)]).toEqual([undefined, 'used-up']);
  await pass(2 * RENEWED + 1_000);
  // It hears that there is something left again after it was asked for more.
  expect(other.day.refusal(quota)).toBe('used-up');
  await pass(PACE);
  expect(other.day.refusal(quota)).toBe(undefined);
  await pass(PACE);
  const rest = await move(other.day, 4 * MiB, quota);
  expect(sum + rest).toBeGreaterThanOrEqual(10 * MiB);
  expect(sum + rest).toBeLessThanOrEqual(10 * MiB + 2 * 64 * 1024);
  expect(one.day.refusal(quota)).toBe(undefined);
  await pass(RENEWED);
  expect([one.day.refusal(quota), other.day.refusal(quota)]).toEqual(['used-up', 'used-up']);
  await pass(2 * RENEWED + 2_000);
  expect(state.total).toBe(sum + rest);
});

test('what is taken in advance grows with the speed, and is given back when nothing passes', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(2 ** 40);
  await move(day, 4 * MiB, quota, 4_096);
  expect(Math.max(...state.calls.map(({ wanted }) => wanted))).toBe(256 * 1024);
  const before = state.calls.length;
  const begun = performance.now();
  await move(day, 400 * MiB, quota, MiB);
  expect(state.calls.at(-1)!.wanted).toBeGreaterThan(20 * MiB);
  expect(state.calls.length - before).toBeLessThanOrEqual((performance.now() - begun) / PACE + 2);
  await pass(2 * RENEWED + 2_000);
  expect(state.total).toBe(404 * MiB);
  expect(vi.getTimerCount()).toBe(0);
});

test('requests with few bytes are counted by one question for many', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(2 ** 40);
  for (let requests = 0; requests < 100; requests += 1) {
    expect(day.refusal(quota)).toBe(undefined);
    expect(day.take(1_000, quota)).toBe(true);
    await pass(50);
  }
  expect(state.calls.length).toBeLessThanOrEqual(2);
});

test('a process that begins anew goes on with what is left', async () => {
  const { lender } = ledger();
  const before = processOf(lender);
  const quota = limit(10 * MiB);
  await move(before.day, 20 * MiB, quota);
  void before.asking.close();
  await pass(ANSWERED);
  const { day } = processOf(lender);
  expect(day.refusal(quota)).toBe(undefined);
  await pass(PACE);
  expect(day.refusal(quota)).toBe('used-up');
});

test('the day is that of the lender, and begins anew with it', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(MiB);
  state.hours = 12;
  await move(day, 2 * MiB, quota);
  expect(day.refusal(quota)).toBe('used-up');
  expect(day.left).toBeLessThanOrEqual(11 * 3_600);
  expect(day.left).toBeGreaterThan(11 * 3_600 - 10);
  await pass(11 * 3_600_000);
  expect(day.used).toBe(0);
  expect(day.refusal(quota)).toBe(undefined);
  expect(await move(day, MiB / 2, quota)).toBe(MiB / 2);
});

test('a quota that was changed holds from the next byte', async () => {
  const { lender } = ledger();
  const { day } = processOf(lender);
  await move(day, 2 * MiB, limit(4 * MiB));
  expect(await move(day, 4 * MiB, limit(3 * MiB))).toBeLessThanOrEqual(MiB + 256 * 1024);
  expect(day.refusal(limit(3 * MiB))).toBe('used-up');
  expect(day.refusal(limit(8 * MiB))).toBe(undefined);
  expect(await move(day, MiB, limit(8 * MiB))).toBe(MiB);
});

test('without an answer a hard quota spends what it took, and is closed until there is one', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(100 * MiB);
  await move(day, 4 * MiB, quota);
  state.isAway = true;
  const more = await move(day, 10 * MiB, quota);
  expect(more).toBeLessThan(2 * MiB);
  expect(day.refusal(quota)).toBe('uncounted');
  expect(new Quota(day, quota, 'this user', 'services.out.limits.perUser.quota').error()).toMatchObject({
    message: `The quota of this user, ${100 * MiB}B/day, cannot be counted at present, because the store is away.`,
    setting: 'services.out.limits.perUser.quota',
    retryAfter: 10,
  });
  state.isAway = false;
  await pass(RENEWED + 1_000);
  expect(day.refusal(quota)).toBe(undefined);
  expect(await move(day, MiB, quota)).toBe(MiB);
});

test('without an answer a soft quota goes on, and what has passed is counted afterwards', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(100 * MiB, true);
  await move(day, 4 * MiB, quota);
  state.isAway = true;
  expect(await move(day, 200 * MiB, quota, MiB)).toBe(200 * MiB);
  expect(day.refusal(quota)).toBe(undefined);
  state.isAway = false;
  await pass(2 * RENEWED + 2_000);
  expect(day.refusal(quota)).toBe('used-up');
  expect(state.total).toBe(204 * MiB);
});

test('what was told to a lender that did not answer is told once more at most', async () => {
  const { state, lender } = ledger();
  const { day } = processOf(lender);
  const quota = limit(2 ** 40, true);
  state.isAway = true;
  await move(day, 50 * MiB, quota, MiB);
  await pass(3 * RENEWED);
  expect(state.calls.filter(({ told }) => told > 0).length).toBeLessThanOrEqual(1);
});
