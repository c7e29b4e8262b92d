import { expect, test } from 'vitest';
import { Breaker } from './breaker.ts';

function makeBreaker() {
  const clock = { now: 0 };
  const turned: string[] = [];
  const breaker = new Breaker({
    failures: 3,
    retryAfter: 1_000,
    now: () => clock.now,
    turned: (to) => turned.push(to),
  });
  return { breaker, clock, turned };
}

test('failures in a row open it, and a success in between begins anew', () => {
  const { breaker, turned } = makeBreaker();
  breaker.failed();
  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  breaker.failed();
  expect(breaker.state).toBe('closed');
  expect(breaker.lets()).toBe(true);
  breaker.failed();
  expect(breaker.state).toBe('open');
  expect(breaker.lets()).toBe(false);
  expect(turned).toEqual(['open']);
});

test('after a while one call is let through, and decides', () => {
  const { breaker, clock, turned } = makeBreaker();
  for (let count = 0; count < 3; count += 1) breaker.failed();
  clock.now = 999;
  expect(breaker.lets()).toBe(false);
  clock.now = 1_000;
  expect(breaker.lets()).toBe(true);
  expect(breaker.state).toBe('half-open');
  expect(breaker.lets()).toBe(false);
  breaker.failed();
  expect(breaker.lets()).toBe(false);
  clock.now = 2_000;
  expect(breaker.lets()).toBe(true);
  breaker.succeeded();
  expect(breaker.state).toBe('closed');
  expect(breaker.lets()).toBe(true);
  expect(turned).toEqual(['open', 'open', 'closed']);
});

test('calls from before it opened do not keep it open for longer', () => {
  const { breaker, clock } = makeBreaker();
  for (let count = 0; count < 3; count += 1) breaker.failed();
  clock.now = 900;
  breaker.failed();
  clock.now = 1_000;
  expect(breaker.lets()).toBe(true);
});

test('a hint lets the next call through at once', () => {
  const { breaker } = makeBreaker();
  for (let count = 0; count < 3; count += 1) breaker.failed();
  breaker.hint();
  expect(breaker.lets()).toBe(true);
  breaker.hint();
  expect(breaker.lets()).toBe(false);
});

test('calls that were made at the same time fail once', () => {
  const { breaker, clock } = makeBreaker();
  for (let round = 0; round < 2; round += 1) {
    const begun = clock.now;
    clock.now += 50;
    for (let count = 0; count < 100; count += 1) breaker.failed(begun);
  }
  expect(breaker.state).toBe('closed');
  breaker.failed();
  expect(breaker.state).toBe('open');
});

test('a probe that says nothing of the store lets the next call be one', () => {
  const { breaker } = makeBreaker();
  for (let count = 0; count < 3; count += 1) breaker.failed();
  breaker.hint();
  expect(breaker.lets()).toBe(true);
  breaker.unknown();
  expect(breaker.lets()).toBe(true);
});
