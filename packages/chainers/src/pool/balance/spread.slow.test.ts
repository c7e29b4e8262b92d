import { describe, expect, test } from 'vitest';
import type { Balancer, Candidate, Random } from './balancer.ts';
import { HashBalancer } from './hash.ts';
import { hashText } from './hash32.ts';
import { LatencyBalancer } from './latency.ts';
import { LeastConnections } from './least-connections.ts';
import { PeakLatency } from './peak-latency.ts';
import { RandomBalancer } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import { TwoChoices } from './two-choices.ts';
import { seededRandom } from '../../../../core/test-support/seeded-random.ts';

/** A server with a clock of its own load, as the balancers see it. */
class Simulated implements Candidate {
  readonly id: string;
  readonly weight: number;
  readonly latency = new PeakLatency();
  inFlight = 0;
  taken = 0;

  constructor(id: string, weight: number) {
    this.id = id;
    this.weight = weight;
  }
}

function servers(weights: readonly number[]): Simulated[] {
  return weights.map((weight, index) => new Simulated(`10.0.0.${index}:80`, weight));
}

interface Load {
  /** Sessions at one time, each of which lasts as long. 1: one after the other. */
  readonly concurrency: number;
  readonly sessions: number;
  readonly isExcluded?: (candidate: Simulated) => boolean;
}

/** Gives sessions to servers on a simulated clock: each lasts from one tick to `concurrency` later ones. */
function run(balancer: Balancer<Simulated>, { concurrency, sessions, isExcluded = () => false }: Load): void {
  const going: Simulated[] = [];
  const pick = { hash: 0, inFlight: 0, isExcluded };
  for (let number = 0; number < sessions; number += 1) {
    pick.hash = hashText(`session ${number}`);
    // The bound on the load of a hash has tests of its own.
    pick.inFlight = balancer instanceof HashBalancer ? Infinity : going.length;
    const server = balancer.pick(pick);
    if (server === undefined) throw new Error('nothing was picked');
    server.taken += 1;
    server.inFlight += 1;
    balancer.changed?.(server);
    going.push(server);
    if (going.length < concurrency) continue;
    const ended = going.shift();
    if (ended === undefined) continue;
    ended.inFlight -= 1;
    balancer.changed?.(ended);
  }
}

const now = (): number => 0;
const BALANCERS: readonly (readonly [string, (random: Random) => Balancer<Simulated>])[] = [
  ['p2c', (random) => new TwoChoices(random)],
  ['round-robin', (random) => new RoundRobin(random)],
  ['least-connections', () => new LeastConnections()],
  ['random', (random) => new RandomBalancer(random)],
  ['hash', () => new HashBalancer(8)],
  ['latency', (random) => new LatencyBalancer(now, random)],
];
const WEIGHTS: readonly (readonly number[])[] = [
  [1, 1, 1],
  [1, 1, 1, 1, 1, 1, 1, 1],
  [3, 2, 1],
  [10, 1, 1, 4],
];

function sharesOff(all: readonly Simulated[]): number {
  const [weight, taken] = [sum(all.map((each) => each.weight)), sum(all.map((each) => each.taken))];
  return Math.max(...all.map((each) => Math.abs(each.taken / taken - each.weight / weight)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

describe.each(BALANCERS)('%s', (name, make) => {
  test.each(WEIGHTS.map((weights) => [weights.join(':'), weights] as const))(
    'gives each of %s its share within 2 %% of all',
    (_title, weights) => {
      for (const concurrency of [64, 250]) {
        const all = servers(weights);
        const balancer = make(seededRandom(7));
        balancer.update(all);
        run(balancer, { concurrency, sessions: 40_000 });
        expect(sharesOff(all), `${concurrency} at one time`).toBeLessThan(0.02);
      }
    },
  );

  test('gives nothing to a server that may not be picked, nor to one that is excluded', () => {
    const all = servers([1, 2, 3, 4, 5]);
    const [gone, excluded, ...left] = all;
    const balancer = make(seededRandom(3));
    balancer.update(all);
    balancer.update(all.slice(1));
    run(balancer, { concurrency: 8, sessions: 2_000, isExcluded: (server) => server === excluded });
    expect([gone?.taken, excluded?.taken]).toEqual([0, 0]);
    expect(left.every(({ taken }) => taken > 0)).toBe(true);
  });

  test('says so when all are excluded, or there is none', () => {
    const balancer = make(seededRandom(3));
    balancer.update([]);
    expect(balancer.pick({ hash: 5, inFlight: 0, isExcluded: () => false })).toBeUndefined();
    const all = servers([1, 2, 3]);
    balancer.update(all);
    expect(balancer.pick({ hash: 5, inFlight: 0, isExcluded: () => true })).toBeUndefined();
    const [, only] = all;
    expect(balancer.pick({ hash: 5, inFlight: 0, isExcluded: (server) => server !== only })).toBe(only);
  });

  test('an idle pool does not give everything to one', () => {
    if (name === 'hash') return;
    const all = servers([1, 1, 1, 1]);
    const balancer = make(seededRandom(11));
    balancer.update(all);
    run(balancer, { concurrency: 1, sessions: 4_000 });
    expect(Math.min(...all.map(({ taken }) => taken))).toBeGreaterThan(800);
  });
});
