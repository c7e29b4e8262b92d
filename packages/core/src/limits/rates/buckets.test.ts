import { expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { Buckets, MOST_BUCKETS } from './buckets.ts';

const rate = { amount: 10, per: 1_000, burst: 20 };

function onClock(most?: number) {
  const clock = { now: 0 };
  return { clock, buckets: new Buckets(() => clock.now, most) };
}

test('keys have a bucket each', () => {
  const { buckets } = onClock();
  expect(buckets.take('a', rate, 20).allowed).toBe(true);
  expect(buckets.take('a', rate, 1)).toEqual({ allowed: false, retryAfter: 100, remaining: 0 });
  expect(buckets.take('b', rate, 1)).toEqual({ allowed: true, retryAfter: 0, remaining: 19 });
});

test('however many clients come, there are no more buckets than the cap', () => {
  const most = runs(MOST_BUCKETS);
  const { buckets } = onClock(most);
  for (let client = 0; client < runs(200_000); client += 1) buckets.take(`2001:db8:${client}::/64`, rate, 1);
  expect(buckets.size).toBe(most);
});

test('buckets whose debt is paid make room, so that a table shrinks as others come', () => {
  const { buckets, clock } = onClock(1_000);
  for (let client = 0; client < 1_000; client += 1) buckets.take(`old ${client}`, rate, 1);
  clock.now += 1_000;
  for (let client = 0; client < 2_000; client += 1) {
    clock.now += 100;
    buckets.take(`new ${client}`, rate, 1);
  }
  expect(buckets.size).toBeLessThan(10);
});

test('who asks most is remembered while ever new clients come', () => {
  const { buckets } = onClock(1_000);
  buckets.take('flood', rate, 20);
  let allowed = 0;
  for (let client = 0; client < 20_000; client += 1) {
    buckets.take(`client ${client}`, rate, 1);
    if (buckets.take('flood', rate, 1).allowed) allowed += 1;
  }
  expect(allowed).toBe(0);
});

test('as many clients as the cap are each held to the rate, however they take turns', () => {
  const most = 100;
  const { buckets, clock } = onClock(most);
  let allowed = 0;
  for (let tries = 0; tries < 200_000; tries += 1) {
    clock.now = Math.floor(tries / 100);
    if (buckets.take(`client ${tries % most}`, rate, 1).allowed) allowed += 1;
  }
  // The burst, and one each 100 ms of the two seconds.
  expect(allowed).toBe(most * (20 + 19));
});
