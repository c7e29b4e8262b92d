import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
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

/**
 * The laws of all balancers, on a clock that is simulated: a session begins every tick, and lasts as long as its server takes. Times are in
 * milliseconds.
 */
class Server implements Candidate {
  readonly id: string;
  readonly weight: number;
  readonly latency = new PeakLatency();
  /** How long its sessions last. */
  readonly takes: number;
  readonly fails: boolean;
  isUp = true;
  inFlight = 0;
  taken = 0;

  constructor(index: number, { weight = 1, takes = 50, fails = false }: Partial<Kind> = {}) {
    this.id = `10.0.${index >> 8}.${index & 255}:80`;
    this.weight = weight;
    this.takes = takes;
    this.fails = fails;
  }
}

interface Kind {
  readonly weight: number;
  readonly takes: number;
  readonly fails: boolean;
}

/** A pool on a simulated clock. */
class Simulation {
  readonly #balancer: Balancer<Server>;
  readonly #servers: readonly Server[];
  /** Sessions by the tick at which they end. */
  readonly #ending = new Map<number, Server[]>();
  #inFlight = 0;
  #sessions = 0;
  now = 0;

  constructor(
    servers: readonly Server[],
    make: (random: Random, now: () => number, count: number) => Balancer<Server>,
  ) {
    this.#servers = servers;
    this.#balancer = make(seededRandom(servers.length), () => this.now, servers.length);
    this.changed();
  }

  /** Servers came up or went down. */
  changed(): void {
    this.#balancer.update(this.#servers.filter(({ isUp }) => isUp));
  }

  run(sessions: number, isBounded = true): void {
    for (let number = 0; number < sessions; number += 1) {
      this.now += 1;
      for (const server of this.#ending.get(this.now) ?? []) this.#end(server);
      this.#ending.delete(this.now);
      this.#begin(isBounded);
    }
  }

  #begin(isBounded: boolean): void {
    const hash = hashText(`session ${(this.#sessions += 1)}`);
    const inFlight = isBounded ? this.#inFlight : Infinity;
    const server = this.#balancer.pick({ hash, inFlight, isExcluded: () => false });
    if (server === undefined) return;
    server.taken += 1;
    server.inFlight += 1;
    this.#inFlight += 1;
    this.#balancer.changed?.(server);
    const end = this.now + server.takes;
    const ending = this.#ending.get(end);
    if (ending === undefined) this.#ending.set(end, [server]);
    else ending.push(server);
  }

  #end(server: Server): void {
    server.inFlight -= 1;
    this.#inFlight -= 1;
    this.#balancer.changed?.(server);
    if (server.fails) server.latency.failed(this.now);
    else server.latency.answered(server.takes, this.now);
  }
}

const BALANCERS = {
  p2c: (random: Random) => new TwoChoices<Server>(random),
  'round-robin': (random: Random) => new RoundRobin<Server>(random),
  'least-connections': () => new LeastConnections<Server>(),
  random: (random: Random) => new RandomBalancer<Server>(random),
  hash: (_random: Random, _now: () => number, count: number) => new HashBalancer<Server>(count),
  latency: (random: Random, now: () => number) => new LatencyBalancer<Server>(now, random),
};
const NAMES = Object.keys(BALANCERS) as (keyof typeof BALANCERS)[];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** By how much the share of a server is off at most, as a part of all sessions. */
function off(servers: readonly Server[]): number {
  const up = servers.filter(({ isUp }) => isUp);
  const [weight, taken] = [sum(up.map((each) => each.weight)), sum(up.map((each) => each.taken))];
  return Math.max(...up.map((each) => Math.abs(each.taken / taken - each.weight / weight)));
}

/** Of fewer sessions at one time than these, one is more than 2 % for those that count sessions. */
const FEWEST = 64;
/** Sessions at one time beyond the fewest in which a law holds. */
const beyond = fc.nat(186);
const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 40 });

/**
 * Balancers that count sessions make (sessions + 1) / weight alike, so that a heavy one among many has some sessions above its share. These are so
 * many sessions that they are 1 % at most, and chance may be another one.
 */
function fewest(each: readonly number[]): number {
  const above = (each.length * Math.max(...each)) / sum(each) - 1;
  return Math.max(FEWEST, Math.ceil(100 * above));
}

describe.each(NAMES)('%s', (name) => {
  test('spreads sessions by weight within 2 % of all, over any servers of which any are down', () => {
    fc.assert(
      fc.property(weights, fc.array(fc.boolean()), beyond, (each, down, more) => {
        const isUp = (index: number): boolean => index === 0 || down[index] !== true;
        const takes = fewest(each.filter((_, index) => isUp(index))) + more;
        const servers = each.map((weight, index) => new Server(index, { weight, takes }));
        const simulation = new Simulation(servers, BALANCERS[name]);
        // Longer than the longest session.
        simulation.run(1_000, false);
        for (const [index, server] of servers.entries()) {
          server.isUp = isUp(index);
          server.taken = 0;
        }
        simulation.changed();
        simulation.run(20_000, false);
        expect(off(servers)).toBeLessThan(0.02);
        expect(servers.filter((server) => !server.isUp && server.taken > 0)).toEqual([]);
      }),
      { numRuns: runs(6) },
    );
  });

  test('gives nothing to a server that is down, whatever comes and goes', () => {
    const steps = fc.array(fc.record({ server: fc.nat(), sessions: fc.nat(60) }), { maxLength: 40 });
    fc.assert(
      fc.property(weights, steps, (each, changes) => {
        const servers = each.map((weight, index) => new Server(index, { weight }));
        const simulation = new Simulation(servers, BALANCERS[name]);
        for (const { server: number, sessions } of changes) {
          const server = servers[number % servers.length];
          if (server === undefined) continue;
          server.isUp = !server.isUp;
          simulation.changed();
          const before = servers.map(({ taken }) => taken);
          simulation.run(sessions);
          for (const [index, other] of servers.entries()) if (!other.isUp) expect(other.taken).toBe(before[index]);
          const isAnyUp = servers.some(({ isUp }) => isUp);
          expect(sum(servers.map(({ taken }) => taken)) - sum(before)).toBe(isAnyUp ? sessions : 0);
        }
      }),
      { numRuns: runs(40) },
    );
  });
});

test.each(NAMES)('%s looks at as few among 1,000 servers as among 10', (name) => {
  const looks = (count: number): number => {
    const servers = Array.from({ length: count }, (_, index) => new Server(index));
    const balancer: Balancer<Server> = BALANCERS[name](seededRandom(count), () => 0, 1_000);
    balancer.update(servers);
    let all = 0;
    const isExcluded = (): boolean => {
      all += 1;
      return false;
    };
    for (let pick = 0; pick < 1_000; pick += 1) {
      const server = balancer.pick({ hash: hashText(`session ${pick}`), inFlight: 2_000, isExcluded });
      if (server !== undefined) balancer.changed?.(server);
    }
    return all / 1_000;
  };
  expect(looks(10)).toBeLessThan(3);
  expect(looks(1_000)).toBeLessThan(3);
});

describe.each(['p2c', 'latency'] as const)('%s, for clients that keep connections', (name) => {
  /** Clients that ask one after another, each again when it has its answer, and wait before that for as long as `pauses`. */
  const serve = (each: readonly number[], clients: number, takes: number, pauses: number): Server[] => {
    const servers = each.map((weight, index) => new Server(index, { weight, takes }));
    const balancer = BALANCERS[name](seededRandom(clients), () => 0);
    balancer.update(servers);
    const random = seededRandom(takes);
    const own: (Server | undefined)[] = Array.from({ length: clients });
    const due = Array.from({ length: clients }, () => random() * (takes + pauses));
    const going = new Map<number, Server>();
    let inFlight = 0;
    for (let event = 0; event < 40_000; event += 1) {
      let client = 0;
      for (let other = 1; other < clients; other += 1) if (due[other]! < due[client]!) client = other;
      const ended = going.get(client);
      if (ended === undefined) {
        const server = balancer.pick({ hash: 0, inFlight, own: own[client], isExcluded: () => false });
        if (server === undefined) throw new Error('nothing was picked');
        if (event > 5_000) server.taken += 1;
        server.inFlight += 1;
        inFlight += 1;
        going.set(client, server);
        due[client] = (due[client] ?? 0) + takes * (0.5 + random());
      } else {
        ended.inFlight -= 1;
        inFlight -= 1;
        ended.latency.answered(takes, 0);
        going.delete(client);
        own[client] = ended;
        due[client] = (due[client] ?? 0) + pauses * random();
      }
    }
    return servers;
  };

  test('spreads within 2 % where there is much to do, and where there is little', async () => {
    for (const each of [
      [1, 1, 1, 1],
      [3, 2, 1],
      [1, 1, 1, 1, 1, 1, 1, 1],
    ]) {
      expect(off(serve(each, 64, 50, 0)), `${each.join()} without pauses`).toBeLessThan(0.02);
      expect(off(serve(each, 100, 50, 50)), `${each.join()} with pauses`).toBeLessThan(0.02);
      expect(off(serve(each, 200, 50, 0)), `${each.join()} of many`).toBeLessThan(0.02);
    }
    expect(off(serve([1, 1, 1, 1], 10, 5, 500))).toBeLessThan(0.02);
  });

  test('lets clients stay where they are, also where there is little to do, as long as the server has no more than its share', () => {
    const servers = [1, 1, 1, 1].map((weight, index) => new Server(index, { weight }));
    const balancer = BALANCERS[name](seededRandom(1), () => 0);
    balancer.update(servers);
    const own = servers[2];
    const picks = Array.from({ length: 40 }, () =>
      balancer.pick({ hash: 0, inFlight: 0, own, isExcluded: () => false }),
    );
    expect(picks.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => own));
    expect(picks.filter((server) => server === own).length).toBeLessThan(20);
  });

  test('lets most clients stay where they are while there is much to do', () => {
    const servers = [1, 1, 1, 1].map((weight, index) => new Server(index, { weight }));
    const balancer = BALANCERS[name](seededRandom(1), () => 0);
    balancer.update(servers);
    for (const server of servers) server.inFlight = 16;
    const own = servers[2];
    expect(balancer.pick({ hash: 0, inFlight: 64, own, isExcluded: () => false })).toBe(own);
    expect(balancer.pick({ hash: 0, inFlight: 64, own, isExcluded: (server) => server === own })).not.toBe(own);
    if (own !== undefined) own.inFlight = 19;
    expect(balancer.pick({ hash: 0, inFlight: 67, own, isExcluded: () => false })).not.toBe(own);
    balancer.update(servers.filter((server) => server !== own));
    if (own !== undefined) own.inFlight = 0;
    expect(balancer.pick({ hash: 0, inFlight: 64, own, isExcluded: () => false })).not.toBe(own);
  });
});

describe('by hash', () => {
  // So many that chance is a quarter of a hundredth at most.
  const KEYS = Array.from({ length: 40_000 }, (_, index) => hashText(`/item/${index}`));
  const nobody = (): boolean => false;
  const owners = (servers: readonly Server[], configured: number): (Server | undefined)[] => {
    const balancer = new HashBalancer<Server>(configured);
    balancer.update(servers);
    return KEYS.map((hash) => balancer.pick({ hash, inFlight: Infinity, isExcluded: nobody }));
  };

  test('a server that goes, or is back, moves at most 1/n of the keys and a hundredth, by any weights', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 160 }), fc.nat(), fc.boolean(), (count, number, isEven) => {
        const servers = Array.from({ length: count }, (_, index) => {
          return new Server(index, { weight: isEven ? 1 : 1 + (index % 3) });
        });
        const gone = servers[number % count];
        const share = (gone?.weight ?? 0) / sum(servers.map(({ weight }) => weight));
        const before = owners(servers, count);
        const after = owners(
          servers.filter((server) => server !== gone),
          count,
        );
        const moved = before.filter((owner, index) => owner !== after[index]).length / KEYS.length;
        expect(moved).toBeLessThanOrEqual(share + 0.01);
      }),
      { numRuns: runs(8) },
    );
  });

  test('no server has more than a quarter above its share, and what overflows stays together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 20 }), (count, keys) => {
        const servers = Array.from({ length: count }, (_, index) => new Server(index));
        const balancer = new HashBalancer<Server>(count);
        balancer.update(servers);
        const query = { hash: 0, inFlight: 0, isExcluded: nobody };
        // Few keys, so that without a bound few servers would have all of it.
        for (let session = 0; session < 1_000; session += 1) {
          query.hash = hashText(`popular ${session % keys}`);
          query.inFlight = session;
          const server = balancer.pick(query);
          if (server === undefined || balancer.pick(query) !== server) throw new Error('another pick, another server');
          server.inFlight += 1;
          const most = Math.ceil((1.25 * (session + 1)) / count);
          if (server.inFlight > most) throw new Error(`${server.inFlight} of ${session + 1}, and ${most} are allowed`);
        }
      }),
      { numRuns: runs(20) },
    );
  });
});

describe('by latency', () => {
  test('a server that fails fast gets less than any that answers, however slow those are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 5, max: 400 }), { minLength: 2, maxLength: 12 }), (latencies) => {
        const broken = new Server(0, { takes: 1, fails: true });
        const good = latencies.map((takes, index) => new Server(index + 1, { takes }));
        const simulation = new Simulation([broken, ...good], BALANCERS.latency);
        simulation.run(20_000);
        expect(broken.taken).toBeLessThan(Math.min(...good.map(({ taken }) => taken)));
        expect(broken.taken / 20_000).toBeLessThan(0.02);
      }),
      { numRuns: runs(12) },
    );
  });

  test('of two servers the faster one gets more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 100 }), fc.integer({ min: 2, max: 10 }), (takes, times) => {
        const [fast, slow] = [new Server(0, { takes }), new Server(1, { takes: takes * times })];
        new Simulation([fast, slow], BALANCERS.latency).run(10_000);
        expect(fast.taken).toBeGreaterThan(slow.taken);
      }),
      { numRuns: runs(12) },
    );
  });
});
