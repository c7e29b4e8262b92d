import type { Rate } from '@inband/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../core/test-support/seeded-random.ts';
import { Process, World } from '../../test-support/processes.ts';
import { MemoryBackend } from './memory-backend.ts';

/** As docs/limits.md has them. */
const leaseOf = ({ amount, per, burst }: Rate): number => Math.min(burst, Math.floor((amount * 100) / per));
const advanceOf = (rate: Rate, processes: number): number =>
  Math.min(rate.burst, Math.max(10, Math.ceil(rate.burst / processes), leaseOf(rate)));
const overshootOf = (rate: Rate, processes: number): number => processes * (advanceOf(rate, processes) + leaseOf(rate));

/** The most that has passed in any time, beyond what the rate gives in that time. */
class Passed {
  most = 0;
  total = 0;
  #level = 0;
  #at = 0;

  count(now: number, { amount, per }: Rate): void {
    this.#level = Math.max(0, this.#level - ((now - this.#at) * amount) / per) + 1;
    this.#at = now;
    this.total += 1;
    this.most = Math.max(this.most, this.#level);
  }
}

interface Setting {
  readonly rate: Rate;
  readonly processes: number;
  readonly seed: number;
  /** Milliseconds of a question, and of its answer, at most. */
  readonly delay: number;
  /** Of a hundred questions or answers. */
  readonly lost?: number;
}

/** Processes that share a limit by the store in memory. */
function sharing({ rate, processes, seed, delay, lost = 0 }: Setting) {
  const world = new World();
  const random = seededRandom(seed);
  const passed = new Passed();
  const events = { connected: () => {}, changed: () => {} };
  const backend = new MemoryBackend(events, { clock: () => 1_700_000_000_000 + world.now, memberTtl: 30_000 });
  const options = {
    backend,
    rate,
    parties: processes,
    way: { delay: () => random() * delay, ...(lost > 0 && { isLost: () => random() * 100 < lost }) },
    passed: () => passed.count(world.now, rate),
  };
  const all = Array.from({ length: processes }, () => new Process(world, options));
  return { world, random, passed, all };
}

const rates = fc.record({
  amount: fc.integer({ min: 1, max: 2_000 }),
  per: fc.constantFrom(1_000, 60_000, 3_600_000),
  burst: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 500 })),
});

const settings = fc.record({
  rate: rates,
  processes: fc.integer({ min: 1, max: 6 }),
  seed: fc.integer(),
  delay: fc.oneof(fc.nat(3), fc.nat(100), fc.nat(5_000)),
});

/** Milliseconds that pass, and then how many are wanted of which process. */
const demand = fc.array(
  fc.record({
    passed: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(200), fc.nat(20_000), fc.nat(1_000_000)),
    wanted: fc.oneof(fc.constant(1), fc.nat(30), fc.nat(600)),
    process: fc.nat(5),
  }),
  { maxLength: 60 },
);

/** What is wanted, in its time. `patience`: milliseconds. */
async function ask({ world, all }: ReturnType<typeof sharing>, wanted: Demand, patience = 0): Promise<void> {
  let at = 0;
  for (const step of wanted) {
    at += step.passed;
    const process = all[step.process % all.length]!;
    world.at(at, () => {
      for (let tried = 0; tried < step.wanted; tried += 1) process.take(patience);
    });
  }
  await world.run(at + 100_000);
}

type Demand = readonly { readonly passed: number; readonly wanted: number; readonly process: number }[];

test('in no time more passes than the burst, what the rate gives, and the stated overshoot', async () => {
  await fc.assert(
    fc.asyncProperty(settings, demand, async (setting, wanted) => {
      const shared = sharing(setting);
      await ask(shared, wanted);
      expect(shared.passed.most).toBeLessThanOrEqual(
        setting.rate.burst + overshootOf(setting.rate, setting.processes) + 1e-6,
      );
    }),
    { numRuns: 300 },
  );
});

test('where questions are lost, no more passes beyond it than a burst, and what was not charged', async () => {
  await fc.assert(
    fc.asyncProperty(settings, demand, fc.integer({ min: 1, max: 100 }), async (setting, wanted, lost) => {
      const shared = sharing({ ...setting, lost });
      await ask(shared, wanted);
      const uncharged = shared.all.reduce((sum, process) => sum + process.lost, 0);
      expect(shared.passed.most).toBeLessThanOrEqual(
        2 * setting.rate.burst + overshootOf(setting.rate, setting.processes) + uncharged + 1e-6,
      );
    }),
    { numRuns: 200 },
  );
});

test('with patience no more passes beyond it than a burst, and each process keeps the order of coming', async () => {
  await fc.assert(
    fc.asyncProperty(settings, demand, fc.nat(10_000), async (setting, wanted, patience) => {
      const shared = sharing(setting);
      for (const process of shared.all) keepsOrder(process, shared.world);
      await ask(shared, wanted, patience);
      expect(shared.passed.most).toBeLessThanOrEqual(
        2 * setting.rate.burst + overshootOf(setting.rate, setting.processes) + 1e-6,
      );
    }),
    { numRuns: 200 },
  );
});

/** Has a process fail where one passes before another that came sooner. */
function keepsOrder(process: Process, world: World): void {
  const take = process.take.bind(process);
  let last = 0;
  process.take = (patience) => {
    const wait = take(patience);
    if (wait === undefined) return wait;
    expect(world.now + wait).toBeGreaterThanOrEqual(last);
    last = world.now + wait;
    return wait;
  };
}

/** A minute in which each process is asked so often in a second, at random times. The last half of it is counted. */
async function steady(setting: Setting, loads: readonly number[]) {
  const shared = sharing({ ...setting, processes: loads.length });
  const { world, random, all, passed } = shared;
  for (const [index, process] of all.entries()) {
    const load = loads[index]!;
    const next = (): void => {
      process.take();
      if (world.now < 60_000) world.at(world.now - (Math.log(1 - random()) * 1_000) / load, next);
    };
    if (load > 0) world.at(random() * 1_000, next);
  }
  await world.run(30_000);
  const before = { total: passed.total, each: all.map(({ allowed }) => allowed), tries: all.map(({ tries }) => tries) };
  await world.run(60_000);
  const { amount, per } = setting.rate;
  return {
    /** Of what the rate gives. */
    total: (passed.total - before.total) / ((30_000 * amount) / per),
    /** Of what each has asked for. */
    each: all.map(({ allowed, tries }, index) => (allowed - before.each[index]!) / (tries - before.tries[index]!)),
    /** Questions of one process in a second. */
    questions: Math.max(...all.map(({ questions }) => questions)) / 60,
  };
}

const second = (amount: number, burst: number): Rate => ({ amount, per: 1_000, burst });

const SETTINGS = [
  { rate: second(100, 100), loads: [100, 100, 100], delay: 2 },
  { rate: second(100, 100), loads: [100, 100, 100], delay: 50 },
  { rate: second(100, 1_000), loads: [400, 0, 0, 0], delay: 2 },
  { rate: second(1_000, 100), loads: Array<number>(8).fill(300), delay: 5 },
  { rate: second(1_000, 20), loads: [4_000, 0, 0, 0], delay: 2 },
  { rate: second(10, 20), loads: Array<number>(50).fill(10), delay: 2 },
  { rate: { amount: 60, per: 60_000, burst: 5 }, loads: [4, 4, 4], delay: 2 },
];

test.each(SETTINGS)(
  'the whole rate passes where more is wanted, and everybody has a part: %j',
  async ({ rate, loads, delay }) => {
    const { total, each, questions } = await steady({ rate, delay, seed: 1, processes: loads.length }, loads);
    expect(total).toBeGreaterThan(0.95);
    expect(total).toBeLessThan(1.05);
    const asking = each.filter((part) => !Number.isNaN(part));
    const fair = rate.amount / rate.per / (asking.length * (Math.max(...loads) / 1_000));
    expect(Math.min(...asking) / fair).toBeGreaterThan(0.5);
    // Once in 100 ms, and more often where the burst is smaller than that.
    expect(questions).toBeLessThan(rate.burst < rate.amount / 5 ? 110 : 14);
  },
);

test('who wants little is not refused because others want everything', async () => {
  const { each } = await steady({ rate: second(100, 100), delay: 2, seed: 2, processes: 3 }, [400, 400, 5]);
  expect(each[2]).toBeGreaterThan(0.9);
});

test.each([
  { rate: second(100, 100), loads: [25, 25, 25], delay: 2 },
  { rate: second(100, 100), loads: [75, 0, 0], delay: 2 },
  { rate: second(1_000, 500), loads: [800, 50, 0, 0], delay: 50 },
  { rate: { amount: 60, per: 60_000, burst: 10 }, loads: [0.2, 0.2, 0.1], delay: 2 },
])('below the limit nobody is refused: %j', async ({ rate, loads, delay }) => {
  const { each } = await steady({ rate, delay, seed: 3, processes: loads.length }, loads);
  for (const part of each) if (!Number.isNaN(part)) expect(part).toBe(1);
});
