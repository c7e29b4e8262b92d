import { expect, test } from 'vitest';
import { FailedLogins } from './failed-logins.ts';

function create() {
  const clock = { now: 0 };
  const failed = new FailedLogins(() => clock.now);
  const fail = (address: string, times: number): void => {
    for (let count = 0; count < times; count += 1) failed.add(address);
  };
  return { clock, failed, fail };
}

test('the eleventh attempt has to wait until a minute after the first', () => {
  const { clock, failed, fail } = create();
  fail('a', 9);
  expect(failed.waitOf('a')).toBe(0);
  clock.now = 10_000;
  fail('a', 1);
  expect(failed.waitOf('a')).toBe(50_000);
  expect(failed.waitOf('b')).toBe(0);
  clock.now = 60_000;
  expect(failed.waitOf('a')).toBe(0);
  fail('a', 1);
  expect(failed.waitOf('a')).toBe(0);
});

test('of a thousand addresses and one the oldest is forgotten', () => {
  const { failed, fail } = create();
  fail('first', 10);
  fail('second', 10);
  for (let count = 0; count < 999; count += 1) fail(`other-${count}`, 1);
  expect(failed.waitOf('first')).toBe(0);
  expect(failed.waitOf('second')).toBeGreaterThan(0);
});
