import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

function takeAll(budget: RetryBudget, now: number): number {
  let taken = 0;
  while (taken < 10_000 && budget.take(now)) taken += 1;
  return taken;
}

test('a pool that has had no requests may retry thirty, and then three a second', () => {
  const budget = new RetryBudget(0.2, 0);
  expect(takeAll(budget, 0)).toBe(30);
  expect(takeAll(budget, 1_000)).toBe(3);
  expect(takeAll(budget, 3_000)).toBe(6);
});

test('each request earns its part of a retry', () => {
  const budget = new RetryBudget(0.2, 0);
  takeAll(budget, 0);
  for (let number = 0; number < 1_000; number += 1) budget.request();
  expect(takeAll(budget, 1_000)).toBe(203);
});

test('what is not spent within ten seconds is lost', () => {
  const budget = new RetryBudget(0.2, 0);
  for (let number = 0; number < 1_000; number += 1) budget.request();
  expect(takeAll(budget, 100_000)).toBe(30 + Math.floor((200 * 10) / 110));
  expect(takeAll(budget, 10_000_000)).toBe(30);
});

test('a budget of 0 % leaves three a second', () => {
  const budget = new RetryBudget(0, 0);
  for (let number = 0; number < 1_000; number += 1) budget.request();
  expect(takeAll(budget, 5_000)).toBe(30);
  expect(takeAll(budget, 6_000)).toBe(3);
});

test('whatever comes when, the retries are within the part of the requests, three a second and thirty', () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 30_000 }),
    requests: fc.integer({ min: 0, max: 200 }),
    retries: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const budget = new RetryBudget(0.2, 0);
      let [now, requests, taken] = [0, 0, 0];
      for (const { after, requests: more, retries } of steps) {
        now += after;
        requests += more;
        for (let number = 0; number < more; number += 1) budget.request();
        for (let number = 0; number < retries; number += 1) if (budget.take(now)) taken += 1;
        expect(taken).toBeLessThanOrEqual(30 + requests * 0.2 + (now / 1_000) * 3 + 1e-6);
      }
    }),
  );
});
