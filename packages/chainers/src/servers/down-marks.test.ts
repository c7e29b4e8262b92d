import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DownMarks } from './down-marks.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a mark lasts for stateTimeout', () => {
  const marks = new DownMarks(1_000);
  marks.mark('a', 'It refused.');
  vi.advanceTimersByTime(999);
  expect(marks.has('a')).toBe(true);
  expect(marks.has('b')).toBe(false);
  vi.advanceTimersByTime(1);
  expect(marks.has('a')).toBe(false);
});

test('a mark can be taken back', () => {
  const marks = new DownMarks(1_000);
  marks.mark('a', 'It refused.');
  marks.clear('a');
  expect(marks.has('a')).toBe(false);
});

test('with a stateTimeout of 0 nothing is ever down', () => {
  const marks = new DownMarks(0);
  marks.mark('a', 'It refused.');
  expect(marks.has('a')).toBe(false);
});
