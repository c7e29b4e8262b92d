import { expect, test } from 'vitest';
import { bytes, clock, duration, milliseconds, relative, short, whole } from './format.ts';

test('a number has three digits or so', () => {
  expect([0, 0.126, 7.25, 33.24, 812.4, 9_999, 12_345, 999_949, 2_340_000].map(short)).toEqual([
    '0',
    '0.13',
    '7.25',
    '33.2',
    '812',
    '9999',
    '12.3 k',
    '1000 k',
    '2.34 M',
  ]);
  expect(short(Number.NaN)).toBe('–');
  expect(whole(1_234_567)).toBe('1\u202f234\u202f567');
});

test('bytes have the unit in which they are less than 1024', () => {
  expect([0, 1, 1023, 1024, 1536, 1_048_576, 1023.6 * 1024, 5 * 1024 ** 5].map(bytes)).toEqual([
    '0\u00a0B',
    '1\u00a0B',
    '1023\u00a0B',
    '1\u00a0KiB',
    '1.5\u00a0KiB',
    '1\u00a0MiB',
    '1\u00a0MiB',
    '5\u00a0PiB',
  ]);
});

test('a duration has its two largest units', () => {
  expect([0, 59.9, 60, 3_599, 3_600, 90_061].map(duration)).toEqual([
    '0\u00a0s',
    '59\u00a0s',
    '1\u00a0min',
    '59\u00a0min 59\u00a0s',
    '1\u00a0h',
    '1\u00a0d 1\u00a0h',
  ]);
  expect([null, 0.5, 12.34, 1_500].map(milliseconds)).toEqual(['–', '0.5\u00a0ms', '12.3\u00a0ms', '1.5\u00a0s']);
});

test('a time is of day, with the date on another one, and so far away', () => {
  const now = new Date(2026, 10, 28, 12, 0, 0);
  expect(clock(new Date(2026, 10, 28, 9, 5, 3).getTime(), now)).toBe('09:05:03');
  expect(clock(new Date(2026, 10, 27, 9, 5, 3).getTime(), now)).toBe('2026-11-27 09:05:03');
  const ago = (seconds: number): string => relative(now.getTime() - seconds * 1_000, now.getTime());
  expect([0.4, 12, 3_700, -90].map(ago)).toEqual(['now', '12\u00a0s ago', '1\u00a0h ago', 'in 1\u00a0min']);
});
