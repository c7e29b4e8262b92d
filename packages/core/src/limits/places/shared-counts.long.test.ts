import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Asking, PACE, RENEWED } from '../shared/asking.ts';
import type { Lender, Placed } from '../shared/lender.ts';
import { SharedCounts } from './shared-counts.ts';

/** Milliseconds until the lender answers. */
const ANSWERED = 50;
/** Milliseconds after which every process knows what there is, if nothing changes any more. */
const SETTLED = 1_000 + 4 * PACE + 4 * ANSWERED;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Holders of one key, as the store has them, but without their times. */
class Ledger {
  readonly parties: number;
  readonly calls: string[] = [];
  isClosed = false;
  readonly #places = new Map<string, Map<string, number>>();

  constructor(parties: number) {
    this.parties = parties;
  }

  /** A process. It answers after a while. */
  lender(holder: string): Lender {
    const never = (): never => {
      throw new Error('not asked for');
    };
    return {
      parties: this.parties,
      lease: never,
      count: never,
      hold: async (key, most, held, wanted) => {
        this.calls.push(`${holder} ${key} ${held}+${wanted} of ${most}`);
        await new Promise((done) => setTimeout(done, ANSWERED));
        if (this.isClosed) return { granted: 0, free: 0, closed: true };
        return this.#hold(key, holder, { most, held, wanted });
      },
    };
  }

  holds(key: string): number {
    return [...(this.#places.get(key)?.values() ?? [])].reduce((sum, places) => sum + places, 0);
  }

  forget(key: string): void {
    this.#places.delete(key);
  }

  #hold(key: string, holder: string, { most, held, wanted }: { most: number; held: number; wanted: number }): Placed {
    const all = this.#places.get(key) ?? new Map<string, number>();
    this.#places.set(key, all);
    all.delete(holder);
    const granted = Math.max(0, Math.min(wanted, most - this.holds(key) - held));
    if (held + granted > 0) all.set(holder, held + granted);
    return { granted, free: Math.max(0, most - this.holds(key)) };
  }
}

/** Processes that share. */
function processes(parties: number) {
  const ledger = new Ledger(parties);
  const all = Array.from({ length: parties }, (_, index) => {
    const asking = new Asking(() => performance.now());
    const counts = new SharedCounts({ lender: ledger.lender(`p${index}`), asking, prefix: 'web/' });
    return {
      asking,
      counts,
      enter: (most: number, key = 'k'): boolean => {
        if (!counts.hasRoom(key, most)) return false;
        counts.add(key, most);
        return true;
      },
    };
  });
  return { ledger, all, total: () => all.reduce((sum, { counts }) => sum + counts.of('k'), 0) };
}

const pass = (time: number) => vi.advanceTimersByTimeAsync(time);

test('a browser that opens six connections at once is asked about once, and not refused', async () => {
  const { ledger, all } = processes(2);
  const [one] = all;
  for (let count = 0; count < 6; count += 1) expect(one!.enter(10)).toBe(true);
  await pass(1);
  expect(ledger.calls).toEqual(['p0 web/k 6+0 of 10']);
});

test('what one process has, another one cannot have', async () => {
  const { all, total } = processes(2);
  const [one, other] = all;
  for (let count = 0; count < 6; count += 1) one!.enter(10);
  await pass(SETTLED);
  expect(other!.enter(10)).toBe(true);
  await pass(SETTLED);
  // A half of the free ones at a time.
  const tries = () => Array.from({ length: 10 }, () => other!.enter(10)).filter(Boolean).length;
  expect(tries()).toBe(2);
  await pass(SETTLED);
  expect(tries()).toBe(1);
  await pass(SETTLED);
  expect(tries()).toBe(0);
  await pass(RENEWED);
  expect(one!.enter(10)).toBe(false);
  expect(total()).toBe(10);
});

test('who has not asked for a while lets in no more than its part of what was free', async () => {
  const { all, total } = processes(2);
  const [one, other] = all;
  one!.enter(10);
  await pass(SETTLED);
  for (let count = 0; count < 9; count += 1) other!.enter(10);
  await pass(SETTLED);
  const entered = Array.from({ length: 10 }, () => one!.enter(10)).filter(Boolean);
  expect(entered).toHaveLength(5);
  await pass(SETTLED);
  expect([one!.enter(10), other!.enter(10)]).toEqual([false, false]);
  // What there is stays, and nobody has more until there is room.
  for (let count = 0; count < 5; count += 1) other!.counts.remove('k');
  await pass(SETTLED);
  expect([one!.enter(10), other!.enter(10)]).toEqual([false, false]);
  expect(total()).toBe(10);
});

test('a place that is left is had by whoever is refused, soon', async () => {
  const { all } = processes(2);
  const [one, other] = all;
  for (let count = 0; count < 3; count += 1) one!.enter(3);
  await pass(SETTLED);
  other!.enter(3);
  await pass(SETTLED);
  expect(other!.enter(3)).toBe(false);
  one!.counts.remove('k');
  one!.counts.remove('k');
  await pass(3 * PACE + ANSWERED);
  expect(other!.enter(3)).toBe(false);
  await pass(2 * PACE + ANSWERED);
  expect(other!.enter(3)).toBe(true);
});

test('who opens and closes one connection after another asks seldom', async () => {
  const { ledger, all } = processes(2);
  const [one] = all;
  for (let count = 0; count < 100; count += 1) {
    expect(one!.enter(64)).toBe(true);
    await pass(50);
    one!.counts.remove('k');
    await pass(50);
  }
  expect(ledger.calls.length).toBeLessThanOrEqual(3);
  await pass(2 * RENEWED);
  expect(ledger.holds('web/k')).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is held is said again, also to a store that has forgotten it', async () => {
  const { ledger, all } = processes(2);
  const [one, other] = all;
  for (let count = 0; count < 4; count += 1) one!.enter(4);
  await pass(SETTLED);
  ledger.forget('web/k');
  await pass(RENEWED + SETTLED);
  expect(ledger.holds('web/k')).toBe(4);
  other!.enter(4);
  await pass(SETTLED);
  expect(other!.enter(4)).toBe(false);
});

test('a limit that was changed is one that nobody knows yet', async () => {
  const { all } = processes(2);
  const [one, other] = all;
  for (let count = 0; count < 4; count += 1) one!.enter(4);
  await pass(SETTLED);
  expect(one!.enter(4)).toBe(false);
  expect(one!.enter(6)).toBe(true);
  await pass(SETTLED);
  other!.enter(6);
  await pass(RENEWED);
  expect([one!.enter(6), other!.enter(6), one!.enter(3)]).toEqual([false, false, false]);
});

test('who ends gives back what it has', async () => {
  const { ledger, all } = processes(2);
  const [one] = all;
  one!.enter(64);
  await pass(SETTLED);
  expect(ledger.holds('web/k')).toBe(2);
  one!.counts.remove('k');
  void one!.asking.close();
  await pass(ANSWERED);
  expect(ledger.holds('web/k')).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('where limits are closed, nobody is let in who was not before, until there is an answer', async () => {
  const { ledger, all } = processes(1);
  const [one] = all;
  expect([one!.enter(5), one!.enter(5)]).toEqual([true, true]);
  ledger.isClosed = true;
  await pass(SETTLED);
  expect([one!.enter(5), one!.enter(5, 'new')]).toEqual([false, false]);
  await pass(SETTLED);
  expect([one!.enter(5), one!.enter(5, 'new')]).toEqual([false, false]);
  ledger.isClosed = false;
  await pass(SETTLED);
  expect([one!.enter(5), one!.enter(5, 'new')]).toEqual([true, true]);
});

const steps = fc.array(
  fc.record({
    at: fc.nat(3),
    opens: fc.nat(40),
    closes: fc.nat(40),
    passed: fc.oneof(fc.nat(30), fc.nat(300), fc.constant(SETTLED)),
  }),
  { maxLength: 40 },
);

test('all together have at most the limit, but for what was opened before an answer, and who has room is let in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 99 }),
      steps,
      async (parties, most, all) => {
        const made = processes(parties);
        for (const { at, opens, closes, passed } of all) {
          const one = made.all[at % parties]!;
          for (let count = Math.min(closes, one.counts.of('k')); count > 0; count -= 1) one.counts.remove('k');
          for (let count = 0; count < opens; count += 1) one.enter(most);
          expect(one.counts.of('k')).toBeLessThanOrEqual(most);
          await pass(passed);
        }
        for (const one of made.all) one.enter(most);
        await pass(RENEWED + SETTLED);
        // Everybody knows now what there is, and hears of each change before the next one.
        const before = made.total();
        for (const one of made.all) while (one.enter(most)) await pass(RENEWED + SETTLED);
        expect(made.total()).toBeLessThanOrEqual(Math.max(before, most));
        expect(made.total()).toBeGreaterThanOrEqual(most - Math.floor(most / 16));
        for (const one of made.all) void one.asking.close();
        await pass(SETTLED);
      },
    ),
    { numRuns: 40 },
  );
});
