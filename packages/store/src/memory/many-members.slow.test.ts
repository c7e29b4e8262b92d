/**
 * Up to 1,000 members on a simulated clock, with the code that members run and a server that works as long for each call as Redis does. All
 * forms, which take minutes, and the table of docs/scale.md: `INBAND_TEST_LONG=1`.
 */
import type { Rate } from '@inband/core';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../core/test-support/seeded-random.ts';
import { Process, World } from '../../test-support/processes.ts';
import { REDIS_WORK, SimulatedServer } from '../../test-support/served.ts';

const isLong = process.env.INBAND_TEST_LONG !== undefined;
const SIZES = isLong ? [2, 10, 100, 1_000] : [10, 100];
/** Promises that follow from each other in a call of a store. */
const TICKS = 30;
/** Milliseconds, of which the second half is counted. */
const TIME = 20_000;

interface Figures {
  readonly members: number;
  /** What has passed, of what the limit gives. */
  readonly passed: number;
  /** The most that has passed in any time beyond what the limit gives in that time, in bursts. */
  readonly most: number;
  readonly callsPerSecond: number;
  /** The part of the time for which the server works. */
  readonly busy: number;
}

/** Each member is asked `load` times in a second, at random times, for one limit of all. */
async function underLoad(members: number, rate: Rate, load: number): Promise<Figures> {
  const world = new World(TICKS);
  const random = seededRandom(members);
  const server = new SimulatedServer(world, { work: REDIS_WORK, delay: () => delayOf(random) });
  const passed = { all: 0, level: 0, most: 0, at: 0 };
  const count = (): void => {
    passed.level = Math.max(0, passed.level - ((world.now - passed.at) * rate.amount) / rate.per) + 1;
    passed.at = world.now;
    passed.most = Math.max(passed.most, passed.level);
    passed.all += 1;
  };
  for (let member = 0; member < members; member += 1) {
    const backend = server.store();
    const one = new Process(world, { backend, rate, parties: members, way: { delay: () => 0 }, passed: count });
    const next = (): void => {
      one.take();
      if (world.now < TIME) world.at(world.now - (Math.log(1 - random()) * 1_000) / load, next);
    };
    world.at((random() * 2_000) / load, next);
  }
  await world.run(TIME / 2);
  const before = { passed: passed.all, calls: server.calls, busy: server.busy };
  await world.run(TIME);
  const seconds = TIME / 2 / 1_000;
  return {
    members,
    passed: (passed.all - before.passed) / ((TIME * rate.amount) / 2 / rate.per),
    most: passed.most / rate.burst,
    callsPerSecond: (server.calls - before.calls) / seconds,
    busy: (server.busy - before.busy) / (seconds * 1_000),
  };
}

/** Milliseconds of a message within one place: 0.3, seldom ten times as much. */
function delayOf(random: () => number): number {
  return random() < 0.01 ? 3 : 0.2 + 0.2 * random();
}

const second = (amount: number): Rate => ({ amount, per: 1_000, burst: amount });

test.each(SIZES)(
  'a limit of 100/s for each of %d members holds for all together',
  async (members) => {
    const figures = await underLoad(members, second(100 * members), 200);
    say('all of a service, twice as much wanted as there is', figures);
    expect(figures.passed).toBeGreaterThan(0.95);
    expect(figures.passed).toBeLessThan(1.02);
    expect(figures.most).toBeLessThan(1.3);
    expect(figures.busy).toBeLessThan(0.5);
  },
  600_000,
);

test.each(SIZES)(
  'a client of 100/s that comes to all of %d members has 100/s on average',
  async (members) => {
    const figures = await underLoad(members, second(100), 300 / members);
    say('one client that comes to all members, three times as often as it may', figures);
    expect(figures.passed).toBeLessThan(1.05);
  },
  600_000,
);

test.each(SIZES)(
  'a change reaches all of %d members soon',
  async (members) => {
    const world = new World(TICKS);
    const random = seededRandom(members);
    const server = new SimulatedServer(world, { work: REDIS_WORK, delay: () => delayOf(random) });
    const seen: number[] = [];
    const stores = Array.from({ length: members }, () => server.store());
    for (const store of stores) {
      store.watch('config/current', (entry) => {
        if (entry?.value === 'second') seen.push(world.now);
      });
    }
    world.at(0, () => void stores[0]?.put('config/current', 'first'));
    world.at(1_000, () => void stores[0]?.put('config/current', 'second'));
    await world.run(5_000);
    for (const store of stores) await store.close();
    expect(seen).toHaveLength(members);
    const lag = Math.max(...seen) - 1_000;
    if (isLong) process.stdout.write(`${members} members: the last one knows a change after ${lag.toFixed(1)} ms\n`);
    expect(lag).toBeLessThan(1_000);
  },
  600_000,
);

function say(what: string, { members, passed, most, callsPerSecond, busy }: Figures): void {
  if (!isLong) return;
  const figures = [passed.toFixed(3), most.toFixed(2), callsPerSecond.toFixed(0), `${(busy * 100).toFixed(1)} %`];
  process.stdout.write(`| ${[what, members, ...figures].join(' | ')} |\n`);
}
