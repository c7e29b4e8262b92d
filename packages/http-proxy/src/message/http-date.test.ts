import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { httpDate, httpDateLine } from './http-date.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the date is that of now, in the form of RFC 9110', () => {
  vi.setSystemTime(new Date('1994-11-06T08:49:37.500Z'));
  expect(httpDate()).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  expect(String(httpDateLine())).toBe('Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
  vi.setSystemTime(new Date('1994-11-06T08:49:38.000Z'));
  expect(String(httpDateLine())).toBe('Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n');
});
