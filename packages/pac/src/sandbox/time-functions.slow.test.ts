import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { timeFunctions } from './time-functions.ts';

const { weekdayRange, dateRange, timeRange } = timeFunctions.make({ lookUp: () => [], ownAddresses: () => [] });

// A Wednesday. These tests are in the slow tier because a process that other files have used before does not hear of another time zone.
const NOW = '2027-06-16T13:45:20Z';

beforeAll(() => {
  vi.stubEnv('TZ', 'America/New_York');
  vi.useFakeTimers({ now: new Date(NOW), toFake: ['Date'] });
});

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

type Case = readonly [args: readonly unknown[], expected: boolean];

const name = (cases: readonly Case[]) =>
  cases.map(([args, expected]) => [JSON.stringify(args), args, expected] as const);

describe(`weekdayRange on a Wednesday, ${NOW}`, () => {
  test.each(
    name([
      [['WED'], true],
      [['TUE'], false],
      [['MON', 'FRI'], true],
      [['WED', 'WED'], true],
      [['THU', 'TUE'], false],
      [['SAT', 'WED'], true],
      [['FRI', 'MON'], false],
      [['WED', 'GMT'], true],
      [['MON', 'FRI', 'GMT'], true],
      [['wed'], false],
      [['GMT'], false],
      [[], false],
    ]),
  )('says whether now is within %s', (_name, args, expected) => expect(weekdayRange?.(...args)).toBe(expected));
});

describe(`dateRange on ${NOW}`, () => {
  test.each(
    name([
      [[16], true],
      [[15], false],
      [[16, 'GMT'], true],
      [[10, 20], true],
      [[20, 10], false],
      [[20, 16], true],
      [['JUN'], true],
      [['MAY'], false],
      [['MAY', 'JUL'], true],
      [['JUL', 'MAY'], false],
      [['OCT', 'JUN'], true],
      [[2027], true],
      [[2026], false],
      [[2020, 2030], true],
      [[1, 'JUN', 15, 'AUG'], true],
      [[17, 'JUN', 15, 'AUG'], false],
      [[15, 'DEC', 16, 'JUN'], true],
      [['JUN', 2027, 'JUL', 2027], true],
      [['JUL', 2026, 'MAY', 2027], false],
      [[1, 'JAN', 2027, 31, 'DEC', 2027], true],
      [[17, 'JUN', 2027, 31, 'DEC', 2027], false],
      [[16, 'JUN', 2027, 16, 'JUN', 2027, 'GMT'], true],
      [[1, 'JUN', 2, 3], false],
      [['JUNE'], false],
      [[1, 2, 3], false],
      [[0], false],
      [[], false],
    ]),
  )('says whether now is within %s', (_name, args, expected) => expect(dateRange?.(...args)).toBe(expected));
});

describe(`timeRange at ${NOW}, which is 9:45:20 here`, () => {
  test.each(
    name([
      [[9], true],
      [[13], false],
      [[13, 'GMT'], true],
      [[9, 17], true],
      [[8, 9], true],
      [[10, 17], false],
      [[22, 9], true],
      [[22, 6], false],
      [[9, 0, 9, 45], true],
      [[9, 46, 17, 0], false],
      [[8, 30, 9, 44], false],
      [[23, 0, 9, 50], true],
      [[9, 45, 20, 9, 45, 20], true],
      [[9, 45, 21, 23, 0, 0], false],
      [[13, 45, 0, 13, 46, 0, 'GMT'], true],
      [[9, 0, 9], false],
      [['nine'], false],
      [[], false],
    ]),
  )('says whether now is within %s', (_name, args, expected) => expect(timeRange?.(...args)).toBe(expected));
});
