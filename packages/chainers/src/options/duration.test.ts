import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { duration, MAX_DURATION, parseDuration } from './duration.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['0s', 0],
])('%s is %i milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

test.each(['', '10', 's', '1.5s', '-1s', '+1s', ' 1s', '1 s', '01s', '1S', '1d', '1e3ms', '١s'])(
  '%j is no duration',
  (text) => expect(parseDuration(text)).toBeUndefined(),
);

test('every whole number of a unit is read exactly', () => {
  fc.assert(fc.property(fc.nat(), (count) => parseDuration(`${count}s`) === count * 1000));
});

describe('the zod type', () => {
  test('takes text and numbers', () => {
    expect(duration().parse('10s')).toBe(10_000);
    expect(duration().parse(250)).toBe(250);
  });

  test.each([0, '0s', -1, 1.5, Number.NaN, MAX_DURATION + 1, '600h', '10', true, null])(
    'refuses the value %j',
    (value) => {
      const result = duration().safeParse(value);
      expect(result.success).toBe(false);
      expect(result.error?.issues[0]?.message).toContain('expected a duration');
    },
  );

  test('with a minimum of 0 takes 0', () => expect(duration({ minimum: 0 }).parse('0s')).toBe(0));
});
