import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { WeekTimes, type WeekTimesDefinition } from './week-times.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function times(...definitions: WeekTimesDefinition[]): WeekTimes {
  return new WeekTimes('services.web.access', [0, 'allow', 'when'], definitions);
}

function holds(definition: WeekTimesDefinition, at: string): boolean {
  return times(definition).holds(Date.parse(at));
}

const office = { days: ['mon-fri'], time: ['08:00-18:00'], timeZone: 'Europe/Berlin' };

// 29 November 2026 is a Sunday.
test.each<[string, WeekTimesDefinition, string, boolean]>([
  ['the first minute', office, '2026-11-30T08:00:00+01:00', true],
  ['the minute before', office, '2026-11-30T07:59:59.999+01:00', false],
  ['the last minute', office, '2026-11-30T17:59:59.999+01:00', true],
  ['the end does not belong to it', office, '2026-11-30T18:00:00+01:00', false],
  ['another day', office, '2026-11-29T12:00:00+01:00', false],
  ['the same clock in summer', office, '2026-07-06T08:00:00+02:00', true],
  ['no zone is UTC', { time: ['08:00-09:00'] }, '2026-11-29T08:30:00Z', true],
  ['no time is the whole day', { days: ['sun'] }, '2026-11-29T00:00:00Z', true],
  ['no time is the whole day, and no more', { days: ['sun'] }, '2026-11-30T00:00:00Z', false],
  ['a night from Friday, Friday', { days: ['fri'], time: ['22:00-06:00'] }, '2026-11-27T23:00:00Z', true],
  ['a night from Friday, Saturday', { days: ['fri'], time: ['22:00-06:00'] }, '2026-11-28T05:59:00Z', true],
  ['a night from Friday, Friday morning', { days: ['fri'], time: ['22:00-06:00'] }, '2026-11-27T05:00:00Z', false],
  ['a night over the end of the week', { days: ['sat'], time: ['22:00-06:00'] }, '2026-11-29T03:00:00Z', true],
  ['days over the end of the week', { days: ['fri-Monday'] }, '2026-11-29T12:00:00Z', true],
  ['days over the end of the week, not in it', { days: ['fri-mon'] }, '2026-12-01T12:00:00Z', false],
  ['several', { days: ['tue', 'SUNDAY'], time: ['01:00-02:00', '12:00-24:00'] }, '2026-11-29T23:59:00Z', true],
  ['a zone with half hours', { time: ['05:30-06:00'], timeZone: 'Asia/Kolkata' }, '2026-11-29T00:10:00Z', true],
])('the times of the week hold by the clock of their zone: %s', (_what, definition, at, expected) => {
  expect(holds(definition, at)).toBe(expected);
});

test('a time that the clock skips in spring does not come', () => {
  const skipped = times({ time: ['02:00-03:00'], timeZone: 'Europe/Berlin' });
  const midnight = Date.parse('2026-03-29T00:00:00+01:00');
  const minutes = Array.from({ length: 23 * 60 }, (_, minute) => skipped.holds(midnight + minute * MINUTE));
  expect(minutes).not.toContain(true);
});

test('a time that the clock repeats in autumn comes twice', () => {
  const repeated = times({ time: ['02:00-03:00'], timeZone: 'Europe/Berlin' });
  const midnight = Date.parse('2026-10-25T00:00:00+02:00');
  const minutes = Array.from({ length: 25 * 60 }, (_, minute) => repeated.holds(midnight + minute * MINUTE));
  expect(minutes.filter(Boolean)).toHaveLength(120);
  expect(repeated.changes(midnight + 25 * HOUR)).toBe(2);
});

test('one of several definitions is enough', () => {
  const either = times({ days: ['mon'] }, { days: ['sun'], time: ['10:00-11:00'] });
  expect(either.holds(Date.parse('2026-11-30T23:00:00Z'))).toBe(true);
  expect(either.holds(Date.parse('2026-11-29T10:00:00Z'))).toBe(true);
  expect(either.holds(Date.parse('2026-11-29T11:00:00Z'))).toBe(false);
});

test.each<[WeekTimesDefinition, string, string]>([
  [{ timeZone: 'Europe/Berln' }, 'timeZone', 'is not a time zone'],
  [{ days: ['mo-fr'] }, 'days[0]', 'is no day of the week'],
  [{ days: ['mon-tue-wed'] }, 'days[0]', 'is no day of the week'],
  [{ days: ['mon', ''] }, 'days[1]', 'is no day of the week'],
  [{ time: ['8:00-18:00'] }, 'time[0]', 'is no range of times'],
  [{ time: ['08:00'] }, 'time[0]', 'is no range of times'],
  [{ time: ['08:00-24:01'] }, 'time[0]', 'is no range of times'],
  [{ time: ['08:00-09:00', '10:00-10:00'] }, 'time[1]', 'is no time at all'],
])('%j is refused, at its place', (definition, place, message) => {
  const setting = `services.web.access[0].allow.when[0].${place}`;
  expect(() => times(definition)).toThrow(PolicyConfigurationError);
  expect(() => times(definition)).toThrow(
    expect.objectContaining({ setting, message: expect.stringContaining(message) }),
  );
});

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Hours of transitions, and zones with transitions of other lengths and of none. */
const ZONES: readonly (readonly [zone: string, transitions: readonly string[]])[] = [
  ['Europe/Berlin', ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z']],
  ['America/New_York', ['2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z']],
  ['Australia/Lord_Howe', ['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z']],
  ['Africa/Cairo', ['2026-04-23T22:00:00Z', '2026-10-29T21:00:00Z']],
  ['Pacific/Apia', ['2011-12-30T10:00:00Z']],
  ['Asia/Kathmandu', ['2026-01-01T00:00:00Z']],
];

const clockTime = fc.integer({ min: 0, max: 1439 });
const zoneAndTime = fc.constantFrom(...ZONES).chain(([timeZone, transitions]) =>
  fc.record({
    timeZone: fc.constant(timeZone),
    at: fc
      .tuple(
        fc.constantFrom(...transitions),
        fc.integer({ min: -30 * 60, max: 30 * 60 }),
        fc.integer({ min: 0, max: 59_999 }),
      )
      .map(([transition, minutes, rest]) => Date.parse(transition) + minutes * MINUTE + rest),
  }),
);

function written(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** What the clock on the wall shows, by the offset of the zone: as a time of UTC. */
function onTheWall(timeZone: string, at: number): Date {
  const shown = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).format(at);
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(shown) ?? [];
  return new Date(at + (Number(hours) * 60 + Number(minutes)) * MINUTE * (sign === '-' ? -1 : 1));
}

/** The definition: the range begins on the day, and goes on into the next one if it ends before it begins. */
function shouldHold(
  { day, start, end }: { readonly day: number; readonly start: number; readonly end: number },
  wall: Date,
): boolean {
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  const today = wall.getUTCDay();
  if (start < end) return today === day && minute >= start && minute < end;
  return (today === day && minute >= start) || ((today + 6) % 7 === day && minute < end);
}

test('it holds by what the clock on the wall shows, around every transition', () => {
  fc.assert(
    fc.property(
      zoneAndTime,
      fc.integer({ min: 0, max: 6 }),
      clockTime,
      clockTime,
      ({ timeZone, at }, day, start, end) => {
        fc.pre(start !== end);
        const definition = { days: [DAYS[day] ?? ''], time: [`${written(start)}-${written(end)}`], timeZone };
        const expected = shouldHold({ day, start, end }, onTheWall(timeZone, at));
        expect(times(definition).holds(at)).toBe(expected);
      },
    ),
    { numRuns: runs(1_000) },
  );
});

test('changes are counted whenever it begins to hold or ends, so that what is remembered is asked again', () => {
  fc.assert(
    fc.property(zoneAndTime, clockTime, clockTime, ({ timeZone, at }, start, end) => {
      fc.pre(start !== end);
      const when = times({ time: [`${written(start)}-${written(end)}`], timeZone });
      let [held, changes] = [when.holds(at), when.changes(at)];
      for (let later = at; later < at + 26 * HOUR; later += 17 * MINUTE) {
        const now = when.changes(later);
        expect(now - changes).toBe(when.holds(later) === held ? 0 : 1);
        [held, changes] = [when.holds(later), now];
      }
    }),
    { numRuns: runs(20) },
  );
});
