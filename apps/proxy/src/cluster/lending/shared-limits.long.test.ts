import { LimitStates } from '@inband/core';
import { openStore } from '@inband/store';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AwayShares } from './away-shares.ts';
import { MachineLender } from './machine-lender.ts';
import { openMemory } from './memory.ts';

const KiB = 1024;
const DAY = 86_400_000;
/** Milliseconds in which a process hears of what others have done, and others of what it has. */
const HEARD = 100;
/** Milliseconds after which everybody knows what there is. */
const SETTLED = 12_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

beforeEach(() => {
  vi.useFakeTimers({ now: 20_000 * DAY });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Processes that share by one store in memory, whose clock is that of the test. */
async function machine(parties: number, hours = 0) {
  const clock = (): number => 20_000 * DAY + hours * 3_600_000 + performance.now();
  const store = await openStore({ type: 'memory', logger: SILENT, clock });
  const all: Process[] = [];
  const shares = new AwayShares({ policy: 'local', parties: () => parties, open: openMemory });
  for (let index = 0; index < parties; index += 1)
    all.push(new Process(new MachineLender({ store, shares, parties: () => parties, holder: `process ${index}` })));
  const close = async (): Promise<void> => {
    for (const { states } of all) await states.close();
    await Promise.all([store.close(), shares.close()]);
  };
  return { store, all, close };
}

class Process {
  readonly lender: MachineLender;
  readonly states: LimitStates;
  /** What has passed, and when. */
  readonly reads: { readonly at: number; readonly bytes: number }[] = [];

  constructor(lender: MachineLender) {
    this.lender = lender;
    this.states = new LimitStates({ lender, now: () => performance.now() });
  }

  get counts() {
    return this.states.of('web').counts('perClient.connections');
  }

  get day() {
    return this.states.of('web').accounts('perUser').of('ci').day;
  }

  enter(most: number): boolean {
    if (!this.counts.hasRoom('k', most)) return false;
    this.counts.add('k', most);
    return true;
  }

  /** Reads as a flow does. Returns whether it may go on. */
  read(bytes: number, most: number): boolean {
    this.reads.push({ at: performance.now(), bytes });
    return this.day.take(bytes, { bytes: most, written: '' });
  }

  /** The most bytes in so many milliseconds. */
  peak(time: number): number {
    const sums = this.reads.map(({ at }) =>
      this.reads.reduce((sum, read) => (read.at >= at && read.at < at + time ? sum + read.bytes : sum), 0),
    );
    return Math.max(0, ...sums);
  }
}

const pass = (time: number) => vi.advanceTimersByTimeAsync(time);
const parties = fc.integer({ min: 1, max: 4 });
const reading = fc.array(
  fc.record({
    at: fc.nat(3),
    reads: fc.integer({ min: 1, max: 12 }),
    bytes: fc.integer({ min: 1, max: 256 * KiB }),
    passed: fc.oneof(fc.nat(20), fc.nat(500), fc.constant(25_000)),
  }),
  { minLength: 1, maxLength: 40 },
);

test('of a day, all together use at most what there is and what passes before they hear of each other', async () => {
  await fc.assert(
    fc.asyncProperty(parties, fc.integer({ min: 1, max: 8 * KiB }), reading, async (number, kibibytes, steps) => {
      const most = kibibytes * KiB;
      const { store, all, close } = await machine(number);
      let sum = 0;
      for (const { at, reads, bytes, passed } of steps) {
        const one = all[at % number]!;
        if (one.day.refusal({ bytes: most, written: '' }) === undefined)
          for (let count = 0; count < reads; count += 1) {
            sum += bytes;
            if (!one.read(bytes, most)) break;
            await pass(5);
          }
        await pass(passed);
      }
      expect(sum).toBeLessThanOrEqual(most + all.reduce((peaks, one) => peaks + one.peak(HEARD), 0));
      // In the end every byte is counted, and none twice.
      await pass(4 * SETTLED);
      const key = 'web/perUser.quota/ci';
      const { total } = await store.count(key, { most, period: DAY, used: 0, wanted: 0 });
      expect(total).toBe(sum);
      await close();
    }),
    { numRuns: 150 },
  );
});

test('nobody is refused while there is more than others may have taken in advance', async () => {
  await fc.assert(
    fc.asyncProperty(parties, fc.integer({ min: 1, max: 8 * KiB }), reading, async (number, kibibytes, steps) => {
      const most = kibibytes * KiB;
      const { all, close } = await machine(number);
      let sum = 0;
      for (const { at, reads, bytes, passed } of steps) {
        const one = all[at % number]!;
        for (let count = 0; count < reads; count += 1) {
          sum += bytes;
          const isRefused = !one.read(bytes, most);
          const taken = all.reduce((leases, other) => leases + Math.max(256 * KiB, 2 * other.peak(100)), 0);
          if (isRefused) expect(sum + taken).toBeGreaterThanOrEqual(most);
          if (isRefused) break;
          await pass(5);
        }
        await pass(passed);
      }
      await close();
    }),
    { numRuns: 150 },
  );
});

test('a process whose clock is wrong by an hour gets no second quota', async () => {
  const { all, close } = await machine(2, 23);
  const most = 1_024 * KiB;
  const [one, other] = all;
  // By the clock of the processes it is one in the morning, by that of the store 23 o'clock.
  while (one!.read(64 * KiB, most)) await pass(10);
  await pass(HEARD);
  vi.setSystemTime(Date.now() + 23.5 * 3_600_000);
  expect(other!.day.refusal({ bytes: most, written: '' })).toBeUndefined();
  await pass(HEARD);
  expect(other!.day.refusal({ bytes: most, written: '' })).toBe('used-up');
  expect(other!.day.left).toBeGreaterThan(3_500);
  expect(other!.day.left).toBeLessThanOrEqual(3_600);
  await pass(3_600_000);
  expect(one!.read(64 * KiB, most)).toBe(true);
  await close();
});

test('the places of a process that dies without a word are free after 30 s', async () => {
  const { all, close } = await machine(2);
  const [one, other] = all;
  const lent = vi.spyOn(one!.lender, 'hold');
  for (let count = 0; count < 5; count += 1) one!.enter(5);
  await pass(SETTLED);
  lent.mockImplementation(() => new Promise(() => {}));
  other!.enter(5);
  await pass(1_000);
  expect(other!.enter(5)).toBe(false);
  await pass(29_000);
  other!.enter(5);
  await pass(1_000);
  expect([other!.enter(5), other!.enter(5)]).toEqual([true, true]);
  await Promise.race([close(), pass(1_000)]);
});

test('while the store is away, the processes of a machine have its part of the places together', async () => {
  const clock = (): number => performance.now();
  const store = await openStore({ type: 'memory', logger: SILENT, clock });
  const shares = new AwayShares({ policy: 'local', parties: () => 3, open: openMemory });
  const all = [0, 1].map(
    (index) => new Process(new MachineLender({ store, shares, parties: () => 3, holder: `process ${index}` })),
  );
  await store.close();
  const [one, other] = all;
  for (let count = 0; count < 6; count += 1) expect(one!.enter(30)).toBe(true);
  await pass(1_000);
  for (let count = 0; count < 3; count += 1) other!.enter(30);
  await pass(SETTLED);
  for (const process of all) while (process.enter(30)) await pass(SETTLED);
  expect(one!.counts.of('k') + other!.counts.of('k')).toBe(10);
  for (const { states } of all) await states.close();
  await shares.close();
});
