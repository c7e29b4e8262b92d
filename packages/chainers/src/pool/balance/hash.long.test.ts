import { describe, expect, test } from 'vitest';
import type { Candidate } from './balancer.ts';
import { HashBalancer } from './hash.ts';
import { hashText } from './hash32.ts';

interface Server extends Candidate {
  inFlight: number;
}

function servers(count: number, weightOf: (index: number) => number = () => 1): Server[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `10.0.${index >> 8}.${index & 255}:80`,
    weight: weightOf(index),
    inFlight: 0,
  }));
}

const KEYS = Array.from({ length: 20_000 }, (_, index) => hashText(`user-${index}`));
const nobody = (): boolean => false;

function owners(all: readonly Server[], configured = all.length): (Server | undefined)[] {
  const balancer = new HashBalancer<Server>(configured);
  balancer.update(all);
  return KEYS.map((hash) => balancer.pick({ hash, inFlight: Infinity, isExcluded: nobody }));
}

/** The part of the keys that have another owner. */
function moved(before: readonly (Server | undefined)[], after: readonly (Server | undefined)[]): number {
  return before.filter((owner, index) => owner !== after[index]).length / before.length;
}

// Tables of other sizes are the same code.
describe.each([3, 10, 64, 65, 200, 1_000])('of %d servers', (count) => {
  const all = servers(count);
  const before = owners(all);

  test('one that goes moves at most its share and a hundredth', () => {
    for (const gone of [0, count >> 1, count - 1]) {
      const left = all.filter((_, index) => index !== gone);
      expect(moved(before, owners(left, count)), `without ${gone}`).toBeLessThanOrEqual(1 / count + 0.01);
    }
  });

  test('one that comes moves at most its share and a hundredth', () => {
    const more = [...all, { id: '10.9.9.9:80', weight: 1, inFlight: 0 }];
    expect(moved(before, owners(more, count))).toBeLessThanOrEqual(1 / count + 0.01);
  });

  test('the order in which they are listed means nothing to few of them, and each has a part of the keys', () => {
    const shares = new Map<Server | undefined, number>();
    for (const owner of before) shares.set(owner, (shares.get(owner) ?? 0) + 1);
    expect(shares.has(undefined)).toBe(false);
    expect(shares.size).toBe(count);
    if (count <= 64) expect(moved(before, owners(all.toReversed()))).toBe(0);
  });
});

test('weights are shares above 64 servers, too', () => {
  const all = servers(100, (index) => (index < 50 ? 1 : 3));
  const heavy = owners(all).filter((owner) => owner?.weight === 3).length;
  expect(Math.abs(heavy / KEYS.length - 0.75)).toBeLessThan(0.02);
});

describe.each([4, 100])('with %d servers', (count) => {
  test('a server that has a quarter more than its share leaves what follows to the next, always the same one', () => {
    const all = servers(count);
    const balancer = new HashBalancer<Server>(count);
    balancer.update(all);
    const hash = hashText('everybody asks for this');
    const first = balancer.pick({ hash, inFlight: 0, isExcluded: nobody });
    for (const server of all) server.inFlight = 8;
    const total = 8 * count;
    if (first !== undefined) first.inFlight = 10 + Math.ceil(10 / count);
    const pick = { hash, inFlight: total, isExcluded: nobody };
    const next = balancer.pick(pick);
    expect(next).not.toBe(first);
    expect(balancer.pick(pick)).toBe(next);
    if (first !== undefined) first.inFlight = 8;
    expect(balancer.pick(pick)).toBe(first);
  });

  test('the bound gives way where only loaded servers are left', () => {
    const all = servers(count);
    const balancer = new HashBalancer<Server>(count);
    balancer.update(all);
    for (const server of all) server.inFlight = 1_000;
    const [, only] = all;
    expect(balancer.pick({ hash: 7, inFlight: 1, isExcluded: (server) => server !== only })).toBe(only);
  });
});
