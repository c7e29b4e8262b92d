import { expect, test } from 'vitest';
import { AcmeError } from '../base/acme-error.ts';
import { noteFailure, retryAfterStart } from './back-off.ts';
import { Kept } from './kept.ts';
import { nextWindowLook, renewalTime } from './schedule.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const certificate = (share: string, lifetime = 90 * DAY) => ({
  notBefore: 0,
  notAfter: lifetime,
  sha256: `${share}00000000`,
});

test.each([
  [90 * DAY, 60 * DAY, 63 * DAY],
  [6 * DAY, 4 * DAY, 4.2 * DAY],
])('a lifetime of %i ms is renewed between %i and %i', (lifetime, earliest, latest) => {
  expect(renewalTime(certificate('00000000', lifetime), undefined)).toBe(earliest);
  expect(renewalTime(certificate('ffffffff', lifetime), undefined)).toBeCloseTo(latest, -3);
});

test('the moment is somewhere within the window of the CA, but never in the last twentieth of the lifetime', () => {
  const window = { start: 70 * DAY, end: 72 * DAY };
  expect(renewalTime(certificate('00000000'), window)).toBe(70 * DAY);
  expect(renewalTime(certificate('80000000'), window)).toBe(71 * DAY);
  expect(renewalTime(certificate('80000000'), { start: 89 * DAY, end: 95 * DAY })).toBe(85.5 * DAY);
});

test('the window is looked at when the CA says, between a minute and a day, otherwise in six hours', () => {
  expect(nextWindowLook(undefined, 0)).toBe(6 * HOUR);
  expect(nextWindowLook(0, 0)).toBe(60_000);
  expect(nextWindowLook(2 * HOUR, 0)).toBe(2 * HOUR);
  expect(nextWindowLook(9 * DAY, 0)).toBe(DAY);
});

const fresh = { hosts: ['a.example'], failures: [] };

test('a failure that the CA counts waits for an hour and up to a quarter more', () => {
  const error = new AcmeError('refused', 'no');
  expect(noteFailure(fresh, error, 0, 0).retryAt).toBe(HOUR);
  expect(noteFailure(fresh, error, 0, 1).retryAt).toBe(1.25 * HOUR);
});

test('the wish of the CA is never shortened', () => {
  const error = new AcmeError('rate-limited', 'no', { retryAt: 5 * HOUR });
  const failed = noteFailure(fresh, error, 0, 0.5);
  expect(failed.retryAt).toBeGreaterThan(5 * HOUR);
  expect(retryAfterStart(failed, 0)).toBe(failed.retryAt);
});

test('a CA that stays away is asked once an hour in the end', () => {
  let failed = noteFailure(fresh, new AcmeError('unreachable', 'no'), 0, 0);
  for (let now = failed.retryAt, count = 0; count < 20; count++, now = failed.retryAt) {
    failed = noteFailure(failed, new AcmeError('unreachable', 'no'), now, 0);
    expect(failed.retryAt - now).toBeLessThanOrEqual(HOUR);
  }
  expect(failed.failures).toHaveLength(10);
});

test('a clock that is set back ends a wait that it had noted', () => {
  const kept = new Kept(['a.example'], false);
  kept.wait(30 * HOUR);
  expect(kept.due(0)).toBeUndefined();
  kept.wait(31 * HOUR);
  expect(kept.due(0)).toBe('issue');
});
