import { Buckets, type Rate } from '@inband/core';
import * as fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { type Counter, countIn } from '../src/base/counter.ts';
import { leaseBy } from '../src/base/lease.ts';
import { holdIn, type Place } from '../src/base/places.ts';
import { type Member, MOST_KEY_BYTES, MOST_VALUE_BYTES, type Store, StoreArgumentError } from '../src/index.ts';

/** How an implementation is opened for a test. */
export interface SuiteOptions {
  /** Opens a store. Stores that are opened with the same key share everything. */
  readonly open: (options: {
    readonly key: string;
    readonly memberTtl?: number;
    readonly now?: () => number;
  }) => Promise<Store>;
  /** Runs of the property about limits. */
  readonly runs: number;
  /** Whether the clock is that of a server, which may be put back. */
  readonly hasServer?: boolean;
}

const PATIENT = { timeout: 10_000, interval: 5 };
const rates = fc.record({
  amount: fc.integer({ min: 1, max: 2_000 }),
  per: fc.constantFrom(1_000, 60_000, 3_600_000),
  burst: fc.integer({ min: 1, max: 500 }),
});
/** Microseconds that pass before each try, and what is wanted then. */
const tries = fc.array(
  fc.record({
    passed: fc.oneof(fc.nat(20), fc.nat(50_000), fc.nat(10_000_000), fc.nat(2_000_000_000)),
    n: fc.oneof(fc.constant(1), fc.nat(600)),
    patience: fc.oneof(fc.constant(0), fc.nat(20_000)),
    /** Of what is leased. It is taken where it is undefined. */
    owed: fc.option(fc.nat(600), { nil: undefined }),
  }),
  { maxLength: 60 },
);

/** What several say of their places, and count, one after another. */
const steps = fc.array(
  fc.record({
    passed: fc.oneof(fc.constant(0), fc.nat(5_000_000), fc.nat(90_000_000)),
    holder: fc.constantFrom('a', 'b', 'c'),
    most: fc.nat(20),
    taken: fc.nat(12),
    wanted: fc.nat(12),
    ttl: fc.constantFrom(5_000, 60_000),
    used: fc.integer({ min: -200, max: 200 }),
    before: fc.nat(1),
  }),
  { maxLength: 40 },
);

let keys = 0;
/** A key that no other test has. */
function newKey(): string {
  keys += 1;
  return `suite-${process.pid}-${keys}`;
}

function byName(members: readonly Member[]): readonly Member[] {
  return members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function sumOf(answers: readonly { readonly granted: number }[]): number {
  return answers.reduce((sum, { granted }) => sum + granted, 0);
}

/** What every store does. */
export function suite({ open, runs, hasServer = true }: SuiteOptions): void {
  const opened: Store[] = [];
  /** Two of those who share. */
  const pair = async (options: { readonly memberTtl?: number; readonly now?: () => number } = {}) => {
    const key = newKey();
    const [a, b] = await Promise.all([open({ key, ...options }), open({ key, ...options })]);
    opened.push(a, b);
    for (const store of [a, b]) await vi.waitFor(() => store.get('nothing'), PATIENT);
    return { a, b };
  };

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  test('what one has put, all others get', async () => {
    const { a, b } = await pair();
    expect(await b.get('k')).toBeUndefined();
    const written = await a.put('k', 'größe\n"\u0000 ☂');
    expect(written).toMatchObject({ written: true });
    expect(await b.get('k')).toEqual({ value: 'größe\n"\u0000 ☂', revision: written.written && written.revision });
    expect(await b.remove('k')).toBe(true);
    expect(await a.get('k')).toBeUndefined();
    expect(await a.remove('k')).toBe(false);
  });

  test('a value as large as may be, and a name with every kind of character', async () => {
    const { a, b } = await pair();
    const name = '[2001:db8::1]:80/.* >{}\\ä';
    await vi.waitFor(() => a.put(name, 'v'.repeat(MOST_VALUE_BYTES)), PATIENT);
    await vi.waitFor(async () => expect((await b.get(name))?.value).toHaveLength(MOST_VALUE_BYTES), PATIENT);
  });

  test('of several who put on the same revision, one has written', async () => {
    const { a, b } = await pair();
    const first = await Promise.all([a, b].map((store) => store.put('k', 'one', { ifRevision: null })));
    expect(first.filter(({ written }) => written)).toHaveLength(1);
    expect(first).toContainEqual({ written: false, reason: 'revision' });
    const revision = (await a.get('k'))!.revision;
    const second = await Promise.all([a, b].map((store) => store.put('k', 'two', { ifRevision: revision })));
    expect(second.filter(({ written }) => written)).toHaveLength(1);
    expect(await a.put('k', 'three', { ifRevision: revision })).toEqual({ written: false, reason: 'revision' });
    expect((await b.get('k'))?.value).toBe('two');
    expect(await b.remove('k', revision)).toBe(false);
    expect(await b.remove('k', (await a.get('k'))!.revision)).toBe(true);
    expect(await b.put('k', 'four', { ifRevision: revision })).toEqual({ written: false, reason: 'revision' });
    expect(await b.put('k', 'five', { ifRevision: null })).toMatchObject({ written: true });
  });

  test('a value is gone after its time, and one that is put again without a time stays', async () => {
    const { a, b } = await pair();
    await Promise.all([a.put('short', 'x', { ttl: 60 }), a.put('kept', 'x', { ttl: 60 })]);
    await a.put('kept', 'y');
    await vi.waitFor(async () => expect(await b.get('short')).toBeUndefined(), PATIENT);
    expect(await b.put('short', 'z', { ifRevision: null })).toMatchObject({ written: true });
    await new Promise((done) => setTimeout(done, 70));
    expect((await b.get('kept'))?.value).toBe('y');
  });

  test('a watch shows what there is, and each change by others until it is stopped', async () => {
    const { a, b } = await pair();
    const seen: (string | undefined)[] = [];
    const before = performance.now();
    const watch = a.watch('k', (entry) => seen.push(entry?.value));
    await vi.waitFor(() => expect(seen).toEqual([undefined]), PATIENT);
    expect(watch.confirmed).toBeGreaterThanOrEqual(before);
    await b.put('k', 'one');
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'one']), PATIENT);
    await a.put('k', 'two');
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'one', 'two']), PATIENT);
    await b.remove('k');
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'one', 'two', undefined]), PATIENT);
    watch.stop();
    const others: (string | undefined)[] = [];
    a.watch('k', (entry) => others.push(entry?.value));
    await b.put('k', 'three');
    await vi.waitFor(() => expect(others.at(-1)).toBe('three'), PATIENT);
    expect(seen).toHaveLength(4);
  });

  test('every answer about limits is that of a process alone', async () => {
    const clock = { now: 1_700_000_000_000_000 };
    const { a, b } = await pair({ now: () => clock.now });
    await fc.assert(
      fc.asyncProperty(rates, tries, async (rate, all) => {
        const key = newKey();
        const local = new Buckets(() => clock.now / 1_000);
        // The clock goes on from one case to the next, because a bucket of the same key and rate would remember it.
        for (const [index, { passed, n, patience, owed }] of all.entries()) {
          clock.now += passed;
          const store = index % 2 === 0 ? a : b;
          const take = (wanted: number, waits = 0) => ({ ...local.take('a', rate, wanted, waits) });
          const expected = owed === undefined ? take(n, patience) : leaseBy(take, n, owed);
          const asked = owed === undefined ? store.take(key, rate, n, patience) : store.lease(key, rate, n, owed);
          expect(await asked).toEqual(expected);
        }
      }),
      { numRuns: runs },
    );
  });

  if (hasServer) {
    test('what is owed is paid on, when the clock of the server was put back', async () => {
      const clock = { now: 1_700_000_000_000_000 };
      const { a, b } = await pair({ now: () => clock.now });
      const rate: Rate = { amount: 10, per: 1_000, burst: 20 };
      expect(await a.lease('put back', rate, 20)).toMatchObject({ granted: 20 });
      clock.now -= 3_600_000_000;
      expect(await b.lease('put back', rate, 1)).toEqual({ granted: 0, retryAfter: 100, remaining: 0 });
      clock.now += 500_000;
      expect(await a.lease('put back', rate, 20)).toMatchObject({ granted: 5, remaining: 0 });
    });
  }

  test('a lease is what there is, and never more than all together may have', async () => {
    const clock = { now: 1_700_000_000_000_000 };
    const { a, b } = await pair({ now: () => clock.now });
    const rate: Rate = { amount: 10, per: 1_000, burst: 20 };
    expect(await a.lease('k', rate, 15)).toEqual({ granted: 15, retryAfter: 0, remaining: 5 });
    expect(await b.lease('k', rate, 15)).toEqual({ granted: 5, retryAfter: 0, remaining: 0 });
    expect(await b.lease('k', rate, 15)).toEqual({ granted: 0, retryAfter: 100, remaining: 0 });
    expect(await b.take('k', rate, 1)).toEqual({ allowed: false, retryAfter: 100, remaining: 0 });
    clock.now += 250_000;
    expect(await a.lease('k', rate, 15)).toEqual({ granted: 2, retryAfter: 0, remaining: 0 });
    // What was spent already is taken, whatever there is, and before anything is leased.
    expect(await b.lease('k', rate, 15, 25)).toEqual({ granted: 0, retryAfter: 2_550, remaining: 0 });
    expect(await b.lease('k', rate, 0, 1)).toEqual({ granted: 0, retryAfter: 2_550, remaining: 0 });
    clock.now += 4_500_000;
    expect(await a.lease('k', rate, 30, 5)).toEqual({ granted: 14, retryAfter: 0, remaining: 0 });
    expect(await b.lease('new', rate, 0, 3)).toEqual({ granted: 0, retryAfter: 0, remaining: 17 });
    // A bucket is a key with its rate.
    expect(await a.lease('k', { ...rate, burst: 30 }, 30)).toMatchObject({ granted: 30 });
    expect(await a.lease('other', rate, 0)).toEqual({ granted: 0, retryAfter: 0, remaining: 20 });
  });

  test('many who take at the same time have no more than the limit', async () => {
    const { a, b } = await pair({ now: () => 1_700_000_000_000_000 });
    const rate: Rate = { amount: 1, per: 3_600_000, burst: 6 };
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) => vi.waitFor(() => (index % 2 === 0 ? a : b).take('k', rate, 1), PATIENT)),
    );
    expect(all.filter(({ allowed }) => allowed)).toHaveLength(6);
  });

  test('places are had by those who say so, at most as many as there are beside those that are taken', async () => {
    const { a, b } = await pair({ now: () => 1_700_000_000_000_000 });
    const holding = { most: 10, ttl: 60_000 };
    expect(await a.hold('k', 'one', { ...holding, held: 3, wanted: 4 })).toEqual({ granted: 4, free: 3 });
    expect(await b.hold('k', 'two: ä', { ...holding, held: 1, wanted: 4 })).toEqual({ granted: 2, free: 0 });
    // What is taken is never refused.
    expect(await b.hold('k', 'two: ä', { ...holding, held: 5, wanted: 4 })).toEqual({ granted: 0, free: 0 });
    // Each call replaces the one before.
    expect(await a.hold('k', 'one', { ...holding, held: 3, wanted: 0 })).toEqual({ granted: 0, free: 2 });
    expect(await a.hold('k', 'one', { ...holding, held: 3, wanted: 1 })).toEqual({ granted: 1, free: 1 });
    // Others may have read another limit.
    expect(await b.hold('k', 'two: ä', { ...holding, most: 4, held: 5, wanted: 1 })).toEqual({ granted: 0, free: 0 });
    expect(await b.hold('k', 'two: ä', { ...holding, held: 0, wanted: 0 })).toEqual({ granted: 0, free: 6 });
    expect(await a.hold('other', 'one', { ...holding, held: 0, wanted: 20 })).toEqual({ granted: 10, free: 0 });
    expect(await a.hold('k', 'one', { ...holding, held: 0, wanted: 0 })).toEqual({ granted: 0, free: 10 });
  });

  test('places come back when their time is over, and stay where they are said again', async () => {
    const clock = { now: 1_700_000_000_000_000 };
    const { a, b } = await pair({ now: () => clock.now });
    const holding = { most: 10, wanted: 0, ttl: 60_000 };
    await a.hold('k', 'dies', { ...holding, held: 6 });
    await a.hold('k', 'lives', { ...holding, held: 3 });
    clock.now += 59_999_000;
    await a.hold('k', 'lives', { ...holding, held: 2 });
    expect(await b.hold('k', 'new', { ...holding, held: 1, wanted: 9 })).toEqual({ granted: 1, free: 0 });
    clock.now += 1_000;
    expect(await b.hold('k', 'new', { ...holding, held: 1, wanted: 9 })).toEqual({ granted: 7, free: 0 });
  });

  test('of a counter all together have no more than there is, but for what was used already', async () => {
    const { a, b } = await pair({ now: () => 1_700_000_000_000_000 });
    const [of, left] = [19_675, 6_400_000];
    const day = { most: 100, period: 86_400_000 };
    expect(await a.count('k', { ...day, used: 5, wanted: 50 })).toEqual({ granted: 50, total: 55, of, left });
    expect(await b.count('k', { ...day, used: 10, wanted: 50 })).toEqual({ granted: 35, total: 100, of, left });
    expect(await b.count('k', { ...day, used: 0, wanted: 50 })).toEqual({ granted: 0, total: 100, of, left });
    expect(await b.count('k', { ...day, used: 7, wanted: 1 })).toEqual({ granted: 0, total: 107, of, left });
    expect(await a.count('k', { ...day, used: -20, wanted: 0, of })).toEqual({ granted: 0, total: 87, of, left });
    expect(await b.count('k', { ...day, most: 1e15, used: 0, wanted: 5e14 })).toMatchObject({ granted: 5e14 });
    expect(await b.count('k', { ...day, used: 0, wanted: 0 })).toMatchObject({ total: 5e14 + 87 });
    expect(await a.count('other', { ...day, used: -1, wanted: 0, of })).toMatchObject({ total: 0 });
  });

  test('a counter begins anew with each period of the store, and what was taken in another one is not given back', async () => {
    const clock = { now: 1_699_999_999_999_000 };
    const { a, b } = await pair({ now: () => clock.now });
    const second = { most: 100, period: 1_000 };
    expect(await a.count('k', { ...second, used: 0, wanted: 60 })).toMatchObject({ of: 1_699_999_999, left: 1 });
    clock.now += 1_000;
    const next = await b.count('k', { ...second, used: 3, wanted: 60 });
    expect(next).toEqual({ granted: 60, total: 63, of: 1_700_000_000, left: 1_000 });
    expect(await a.count('k', { ...second, used: -50, wanted: 0, of: 1_699_999_999 })).toEqual({ ...next, granted: 0 });
    expect(await a.count('k', { ...second, used: -50, wanted: 0 })).toEqual({ ...next, granted: 0 });
    // A clock that goes back by a little does not begin a period that was over.
    clock.now -= 1_000;
    expect(await a.count('k', { ...second, used: 1, wanted: 0 })).toMatchObject({ total: 64, of: 1_700_000_000 });
  });

  test('every answer about places and counters is that of one who sees all', async () => {
    const clock = { now: 1_700_000_000_000_000 };
    const { a, b } = await pair({ now: () => clock.now });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const key = newKey();
        const places = new Map<string, Place>();
        let counter: Counter | undefined;
        for (const [index, { passed, holder, most, taken, wanted, ttl, used, before }] of all.entries()) {
          clock.now += passed;
          const now = Math.floor(clock.now / 1_000);
          const store = index % 2 === 0 ? a : b;
          const holding = { most, held: taken, wanted, ttl };
          expect(await store.hold(key, holder, holding)).toEqual(holdIn(places, holder, holding, now));
          const of = Math.floor(now / 60_000) - before;
          const counting = { most: 50 * most, period: 60_000, used, wanted: 10 * wanted, of };
          const { after, answer } = countIn(counter, counting, now);
          expect(await store.count(key, counting)).toEqual(answer);
          counter = after;
        }
      }),
      { numRuns: runs },
    );
  });

  test('many who take of a counter, and hold places, at the same time have no more than there is', async () => {
    const { a, b } = await pair({ now: () => 1_700_000_000_000_000 });
    const counting = { most: 55, period: 86_400_000, used: 0, wanted: 10 };
    const holding = { most: 5, held: 0, wanted: 1, ttl: 60_000 };
    const all = Array.from({ length: 8 }, (_, index) => ({ store: index % 2 === 0 ? a : b, holder: `${index}` }));
    const counted = await Promise.all(all.map(({ store }) => vi.waitFor(() => store.count('k', counting), PATIENT)));
    const placed = await Promise.all(
      all.map(({ store, holder }) => vi.waitFor(() => store.hold('k', holder, holding), PATIENT)),
    );
    expect([sumOf(counted), sumOf(placed)]).toEqual([55, 5]);
  });

  test('one holds a lock, and each holder has a greater number than the one before', async () => {
    const { a, b } = await pair();
    const both = await Promise.all([a.lock('l', 60_000), b.lock('l', 60_000)]);
    const first = both.find((lock) => lock !== undefined)!;
    expect(both.filter((lock) => lock !== undefined)).toHaveLength(1);
    expect(Number.isSafeInteger(first.fence)).toBe(true);
    expect(await b.lock('l', 60_000)).toBeUndefined();
    expect(await first.renew(60_000)).toBe(true);
    await first.release();
    expect(await first.renew(60_000)).toBe(false);
    const second = (await b.lock('l', 60_000))!;
    expect(second.fence).toBeGreaterThan(first.fence);
    await first.release();
    expect(await a.lock('l', 60_000)).toBeUndefined();
  });

  test('who asks again by the same name has the lock with the same number, until it is released', async () => {
    const { a, b } = await pair();
    const first = (await a.lock('l', 60_000, 'edge-1'))!;
    expect((await b.lock('l', 60_000, 'edge-1'))?.fence).toBe(first.fence);
    expect(await first.renew(60_000)).toBe(true);
    const again = (await a.lock('l', 60_000, 'edge-1'))!;
    expect(again.fence).toBe(first.fence);
    expect(await b.lock('l', 60_000, 'edge-2')).toBeUndefined();
    expect(await b.lock('l', 60_000)).toBeUndefined();
    await again.release();
    const other = (await b.lock('l', 60_000, 'edge-2'))!;
    expect(other.fence).toBeGreaterThan(first.fence);
    expect(await a.lock('l', 60_000, 'edge-1')).toBeUndefined();
  });

  test('a lock ends with its time, and who had it before cannot write over who has it now', async () => {
    const { a, b } = await pair();
    const halted = (await a.lock('l', 40))!;
    const next = await vi.waitFor(async () => {
      const lock = await b.lock('l', 60_000);
      expect(lock).toBeDefined();
      return lock!;
    }, PATIENT);
    expect(await halted.renew(60_000)).toBe(false);
    expect(next.fence).toBeGreaterThan(halted.fence);
    expect(await b.put('k', 'of the next', { fence: next.fence })).toMatchObject({ written: true });
    expect(await a.put('k', 'of the halted', { fence: halted.fence })).toEqual({ written: false, reason: 'fence' });
    expect(await b.put('k', 'once more', { fence: next.fence })).toMatchObject({ written: true });
    expect(await a.put('k', 'without a lock')).toMatchObject({ written: true });
    expect(await a.put('k', 'of the halted', { fence: halted.fence })).toEqual({ written: false, reason: 'fence' });
  });

  test('members are those who have beaten of late', async () => {
    const { a, b } = await pair({ memberTtl: 1_000 });
    expect(await a.beat('edge-1', '1')).toBe(1);
    // Again, if the machine is busy for so long that one of them lives no more.
    await vi.waitFor(async () => {
      await a.beat('edge-1', '2');
      expect(await b.beat('edge-2: ä', '{"version":"7"}')).toBe(2);
      expect(await a.beat('edge-1', '3')).toBe(2);
      expect(byName(await b.members())).toEqual([
        { name: 'edge-1', info: '3' },
        { name: 'edge-2: ä', info: '{"version":"7"}' },
      ]);
    }, PATIENT);
    await vi.waitFor(async () => {
      await b.beat('edge-2: ä', '4');
      expect(await b.members()).toEqual([{ name: 'edge-2: ä', info: '4' }]);
    }, PATIENT);
  });

  test('a member that leaves lives no more, at once', async () => {
    const { a, b } = await pair();
    await a.beat('edge-1', '1');
    await b.beat('edge-2: ä', '2');
    await b.leave('edge-1');
    expect(await a.members()).toEqual([{ name: 'edge-2: ä', info: '2' }]);
    expect(await b.beat('edge-2: ä', '3')).toBe(1);
    await b.leave('nobody');
    expect(await a.beat('edge-1', '4')).toBe(2);
  });

  test('the time is that of the store, the same for all', async () => {
    const { a, b } = await pair();
    const before = Date.now();
    const times = await Promise.all([a.time(), b.time()]);
    const after = Date.now();
    for (const time of times) {
      expect(time).toBeGreaterThan(before - 1_000);
      expect(time).toBeLessThan(after + 1_000);
    }
  });

  test('calls are counted', async () => {
    const { a } = await pair();
    const before = a.calls;
    await a.get('k');
    expect(a.calls).toMatchObject({ calls: before.calls + 1, failures: before.failures });
    expect(a.calls.latency).toBeGreaterThanOrEqual(0);
    await a.close();
    await expect(a.time()).rejects.toMatchObject({ reason: 'closed' });
  });

  test('what no store can do is refused without asking, by a rejection', async () => {
    const { a } = await pair();
    const rate = { amount: 1, per: 1_000, burst: 1 };
    for (const call of [
      () => a.get(''),
      () => a.get('k'.repeat(MOST_KEY_BYTES + 1)),
      () => a.put('k', 'v'.repeat(MOST_VALUE_BYTES + 1)),
      () => a.put('k', '\ud800'),
      () => a.put('k', 'v', { ttl: 0 }),
      () => a.put('k', 'v', { fence: 1.5 }),
      () => a.take('k', { ...rate, amount: 0.5 }, 1),
      () => a.take('k', { ...rate, per: 1e12, burst: 100 }, 1),
      () => a.take('k', rate, -1),
      () => a.lease('k', rate, 1, -1),
      () => a.lease('k', rate, 1, 9e12),
      () => a.hold('k', '', { most: 1, held: 0, wanted: 1, ttl: 1 }),
      () => a.hold('k', 'h', { most: 1, held: -1, wanted: 1, ttl: 1 }),
      () => a.hold('k', 'h', { most: 1, held: 0, wanted: 1, ttl: 0 }),
      () => a.count('k', { most: 1e16, period: 1, used: 0, wanted: 0 }),
      () => a.count('k', { most: 1, period: 1, used: 0, wanted: -1 }),
      () => a.count('k', { most: 1, period: 0, used: 0, wanted: 1 }),
      () => a.lock('l', Number.NaN),
    ])
      await expect(call()).rejects.toThrow(StoreArgumentError);
  });

  test('after it is closed, every call is refused', async () => {
    const { a } = await pair();
    const waiting = a.get('k').catch((error: unknown) => error);
    await a.close();
    await a.close();
    expect(a.status).toBe('closed');
    await waiting;
    await expect(a.get('k')).rejects.toMatchObject({ reason: 'closed' });
    await expect(a.beat('m', '')).rejects.toMatchObject({ reason: 'closed' });
    a.watch('k', () => {}).stop();
  });
}
