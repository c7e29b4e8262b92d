import { expect, test } from 'vitest';
import type { Rate } from '../rates/gcra.ts';
import { LeasedBuckets } from './leased-buckets.ts';
import type { Leased, Lender } from './lender.ts';

const FAST = { amount: 1_000, per: 1_000, burst: 5_000 };
const SLOW = { amount: 10, per: 60_000, burst: 2 };
const LEFT = { retryAfter: 0, remaining: 1_000 };

interface Question {
  readonly bucket: string;
  readonly owed: number;
  readonly wanted: number;
  readonly answer: (leased: Leased) => Promise<void>;
  readonly fail: () => Promise<void>;
}

/** A table of the limit `web/requests` on a clock that is set by hand, whose lender is asked and answers by hand. */
function onClock({ rate = FAST, parties = 4, most = 1_000 }: { rate?: Rate; parties?: number; most?: number } = {}) {
  const clock = { now: 0 };
  const asked: Question[] = [];
  const lease: Lender['lease'] = async (bucket, _rate, owed, wanted) => {
    const { promise, resolve, reject } = Promise.withResolvers<Leased>();
    const settled = async (settle: () => void) => {
      settle();
      await turn();
    };
    asked.push({
      bucket,
      owed,
      wanted,
      answer: async (leased) => settled(() => resolve(leased)),
      fail: async () => settled(() => reject(new Error('no'))),
    });
    return promise;
  };
  const nobody = async (): Promise<never> => Promise.reject(new Error('not asked for'));
  const lender: Lender = { lease, hold: nobody, count: nobody, parties };
  const buckets = new LeasedBuckets('web/requests', { now: () => clock.now, lender, random: () => 0.5, most });
  const take = (key = 'a', patience = 0) => ({ ...buckets.take(key, rate, 1, patience) });
  /** How many of `tries` are allowed. */
  const takeMany = (tries: number, key = 'a') => {
    let allowed = 0;
    for (let tried = 0; tried < tries; tried += 1) if (take(key).allowed) allowed += 1;
    return allowed;
  };
  const questions = async () => {
    await turn();
    return asked.splice(0);
  };
  const question = async () => {
    const [only, ...others] = await questions();
    if (only === undefined || others.length > 0) throw new Error(`${others.length + 1} questions, not one`);
    return only;
  };
  return { clock, buckets, take, takeMany, questions, question };
}

/** Until what is asked in this turn is asked. */
async function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test('a bucket that nobody knows spends at once, and asks in the same turn', async () => {
  const { take, question } = onClock();
  expect(take().allowed).toBe(true);
  expect(await question()).toMatchObject({ bucket: 'web/requests/a', owed: 1, wanted: 0 });
});

test('until the first answer no more is spent than the advance: a part of the burst', async () => {
  const { takeMany, question } = onClock();
  expect(takeMany(10_000)).toBe(5_000 / 4);
  expect(await question()).toMatchObject({ owed: 1_250, wanted: 100 });
});

test('of a slow rate the advance is its burst, and nothing is leased', async () => {
  const { take, takeMany, question, clock } = onClock({ rate: SLOW });
  expect(takeMany(10)).toBe(2);
  const { owed, wanted, answer } = await question();
  expect([owed, wanted]).toEqual([2, 0]);
  await answer({ granted: 0, retryAfter: 0, remaining: 0 });
  clock.now = 5_999;
  expect(take()).toEqual({ allowed: false, retryAfter: 1, remaining: 0 });
  clock.now = 6_000;
  expect(take().allowed).toBe(true);
  expect(await question()).toMatchObject({ owed: 1, wanted: 0 });
});

test('what was leased is spent without a question until an eighth of it is left', async () => {
  const { takeMany, question, questions } = onClock();
  takeMany(40);
  const first = await question();
  expect(first).toMatchObject({ owed: 40, wanted: 40 });
  await first.answer({ granted: 40, ...LEFT });
  expect(takeMany(34)).toBe(34);
  expect(await questions()).toEqual([]);
  expect(takeMany(1)).toBe(1);
  // As much as was asked of it so far, beside what is left.
  expect(await question()).toMatchObject({ owed: 0, wanted: 75 - 5 });
});

test('a lease is what the rate gives in 100 ms at most', async () => {
  const { takeMany, question } = onClock();
  takeMany(900);
  const { answer } = await question();
  await answer({ granted: 100, ...LEFT });
  takeMany(90);
  expect(await question()).toMatchObject({ wanted: 90 });
});

test('what is spent while a question is on its way is charged by the next one, at once', async () => {
  const { takeMany, question } = onClock();
  takeMany(1);
  const { answer } = await question();
  takeMany(5);
  await answer({ granted: 0, ...LEFT });
  expect(await question()).toMatchObject({ owed: 5, wanted: 6 });
});

test('a bucket with nothing left is refused for as long as its lender has said, without a question', async () => {
  const { clock, take, takeMany, question, questions } = onClock();
  takeMany(2_000);
  const { answer } = await question();
  await answer({ granted: 0, retryAfter: 400, remaining: 0 });
  expect(take()).toEqual({ allowed: false, retryAfter: 400, remaining: 0 });
  clock.now = 399;
  expect(take()).toEqual({ allowed: false, retryAfter: 1, remaining: 0 });
  expect(await questions()).toEqual([]);
  clock.now = 400;
  expect(take().allowed).toBe(true);
  expect(await question()).toMatchObject({ owed: 1 });
});

test('where nothing is left a process spends its part of the rate in advance, and asks once in 100 ms', async () => {
  const { clock, take, question, questions, takeMany } = onClock();
  takeMany(10);
  const { answer } = await question();
  await answer({ granted: 10, retryAfter: 0, remaining: 0 });
  takeMany(10);
  let allowed = 0;
  for (; clock.now < 100; clock.now += 1) if (take().allowed) allowed += 1;
  // A quarter of 100.
  expect(allowed).toBe(25);
  expect(await questions()).toEqual([]);
  take();
  expect(await question()).toMatchObject({ owed: 26 });
});

test('who is refused until others are charged is told when it may come, and may come then', async () => {
  const { clock, take, takeMany, question } = onClock();
  takeMany(10);
  const { answer } = await question();
  await answer({ granted: 0, retryAfter: 1, remaining: 0 });
  clock.now = 1;
  expect(take().allowed).toBe(true);
  clock.now = 2;
  const { allowed, retryAfter } = take();
  expect([allowed, retryAfter]).toEqual([false, 2]);
  clock.now += retryAfter;
  expect(take().allowed).toBe(true);
});

test('what is given back before it is charged is not charged, and what is charged can be spent again', async () => {
  const { buckets, take, question } = onClock();
  take();
  buckets.giveBack('a', FAST, 1);
  const { owed, answer } = await question();
  expect(owed).toBe(0);
  take();
  take();
  await answer({ granted: 0, ...LEFT });
  const next = await question();
  expect(next.owed).toBe(2);
  buckets.giveBack('a', FAST, 1);
  await next.answer({ granted: 0, ...LEFT });
  expect(take().allowed).toBe(true);
  expect((await question()).owed).toBe(0);
});

test('who has patience waits for its turn, in the order of coming, behind what others have taken', async () => {
  const rate = { amount: 100, per: 1_000, burst: 1 };
  const { clock, take, question } = onClock({ rate });
  expect([take('a', 1_000), take('a', 1_000)].map(({ retryAfter }) => retryAfter)).toEqual([0, 40]);
  const { owed, wanted, answer } = await question();
  expect([owed, wanted]).toEqual([2, 0]);
  // Others have queued twenty.
  await answer({ granted: 0, retryAfter: 210, remaining: 0 });
  expect(take('a', 1_000)).toEqual({ allowed: true, retryAfter: 220, remaining: 0 });
  clock.now = 10;
  expect(take('a', 1_000).retryAfter).toBe(250);
  expect((await question()).owed).toBe(2);
  expect(take('a', 100).allowed).toBe(false);
});

test('while limits are closed nothing is spent, and each bucket asks again', async () => {
  const { clock, take, question, questions } = onClock();
  take('a');
  await (await question()).answer({ granted: 0, retryAfter: 1_000, remaining: 0, closed: true });
  expect(take('b')).toEqual({ allowed: false, retryAfter: 1_000, remaining: 0 });
  const { owed, wanted, answer } = await question();
  // A store that can only be read would answer whoever wants nothing.
  expect([owed, wanted]).toEqual([0, 1]);
  take('a');
  expect(await questions()).toEqual([]);
  clock.now = 100;
  take('a');
  expect(await questions()).toHaveLength(1);
  await answer({ granted: 0, ...LEFT });
  expect(take('b').allowed).toBe(true);
});

test('a process whose lender fails has its part of the limit', async () => {
  const { clock, takeMany, question, questions } = onClock();
  expect(takeMany(10_000)).toBe(1_250);
  await (await question()).fail();
  // The debt of four times that is paid at the whole rate.
  expect(takeMany(1_000)).toBe(0);
  let allowed = 0;
  for (; clock.now < 10_000; clock.now += 50) {
    allowed += takeMany(1_000);
    for (const asked of await questions()) await asked.fail();
  }
  expect(allowed).toBeGreaterThan(2_300);
  expect(allowed).toBeLessThan(2_700);
});

test('however many clients come, there are no more buckets than the cap', async () => {
  const { buckets, take } = onClock({ most: 100 });
  for (let client = 0; client < 10_000; client += 1) take(`client ${client}`);
  expect(buckets.size).toBe(100);
});

test('buckets are forgotten when all of the burst is there again, and not while they owe something', async () => {
  const { buckets, clock, take, questions } = onClock({ rate: SLOW });
  take('kept');
  for (let client = 0; client < 10; client += 1) take(`gone ${client}`);
  const [first, ...others] = await questions();
  for (const { answer } of others) await answer({ granted: 0, retryAfter: 0, remaining: 1 });
  clock.now += 60_000;
  for (let client = 0; client < 20; client += 1) {
    clock.now += 12_000;
    take(`new ${client}`);
    for (const { answer } of await questions()) await answer({ granted: 0, retryAfter: 0, remaining: 2 });
  }
  expect(buckets.size).toBeLessThan(6);
  await first?.answer({ granted: 0, retryAfter: 0, remaining: 1 });
  take('kept');
  expect(await questions()).toHaveLength(1);
});
