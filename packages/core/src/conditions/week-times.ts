import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

/** Times of the week, as configured. */
export interface WeekTimesDefinition {
  /** Days and ranges of them: `mon`, `mon-fri`, `fri-mon`. Left out: every day. */
  readonly days?: readonly string[] | undefined;
  /** Ranges of the day: `08:00-18:00`. One that ends before it begins goes on into the next day. Left out: the whole day. */
  readonly time?: readonly string[] | undefined;
  /** A time zone of the IANA database: `Europe/Berlin`. Left out: UTC. */
  readonly timeZone?: string | undefined;
}

const LONG_DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const DAYS = LONG_DAYS.map((day) => day.slice(0, 3));
const MINUTE = 60_000;
const MINUTES_OF_DAY = 1440;
const MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY;
const WHOLE_DAY = '00:00-24:00';

/** Minutes from Sunday 00:00 on. */
interface Range {
  readonly start: number;
  readonly length: number;
}

/**
 * Times of the week by the clock on the wall of a time zone. Where that clock is put forward, the times that it skips do not come; where it
 * is put back, those that it repeats come twice.
 */
export class WeekTimes {
  readonly #parts: readonly { readonly clock: Intl.DateTimeFormat; readonly ranges: readonly Range[] }[];
  #minute = Number.NaN;
  #holds = false;
  #changes = 0;

  /** At one of the `definitions`. Throws {@link PolicyConfigurationError}; `path` leads to them. */
  constructor(base: string, path: SettingPath, definitions: readonly WeekTimesDefinition[]) {
    this.#parts = definitions.map((definition, index) => {
      const place = [...path, index];
      return {
        clock: clockOf(base, place, definition.timeZone ?? 'UTC'),
        ranges: rangesOf(base, place, definition),
      };
    });
  }

  /** Whether it is one of these times. `at`: milliseconds since 1970. Clocks are looked at once a minute, because all zones change at whole minutes. */
  holds(at: number): boolean {
    const minute = Math.floor(at / MINUTE);
    if (minute === this.#minute) return this.#holds;
    this.#minute = minute;
    const holds = this.#parts.some(({ clock, ranges }) => isIn(ranges, minuteOfWeek(clock, minute * MINUTE)));
    if (holds !== this.#holds) this.#changes += 1;
    return (this.#holds = holds);
  }

  /** Grows whenever these times begin or end. */
  changes(at: number): number {
    this.holds(at);
    return this.#changes;
  }
}

/** Throws {@link PolicyConfigurationError}. Undefined without definitions. */
export function compileTimes(
  base: string,
  path: SettingPath,
  definitions: readonly WeekTimesDefinition[] | undefined,
): WeekTimes | undefined {
  return definitions && new WeekTimes(base, path, definitions);
}

/** By the names of their time zones. Making one takes a millisecond, and most rules name the same few. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(base: string, path: SettingPath, timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  try {
    const clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(timeZone, clock);
    return clock;
  } catch {
    const message = `"${timeZone}" is not a time zone: expected a name of the IANA database, such as "Europe/Berlin".`;
    throw new PolicyConfigurationError(base, [...path, 'timeZone'], message);
  }
}

function minuteOfWeek(clock: Intl.DateTimeFormat, at: number): number {
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of clock.formatToParts(at)) shown[type] = value;
  const day = DAYS.indexOf((shown.weekday ?? '').toLowerCase());
  return day * MINUTES_OF_DAY + Number(shown.hour) * 60 + Number(shown.minute);
}

function isIn(ranges: readonly Range[], minute: number): boolean {
  return ranges.some(({ start, length }) => (minute - start + MINUTES_OF_WEEK) % MINUTES_OF_WEEK < length);
}

function rangesOf(base: string, path: SettingPath, { days, time = [WHOLE_DAY] }: WeekTimesDefinition): Range[] {
  const starts = days === undefined ? DAYS.keys() : daysOf(base, [...path, 'days'], days);
  const times = time.map((text, index) => timeOf(base, [...path, 'time', index], text));
  return Array.from(starts, (day) =>
    times.map(({ start, length }) => ({ start: day * MINUTES_OF_DAY + start, length })),
  ).flat();
}

function daysOf(base: string, path: SettingPath, texts: readonly string[]): Set<number> {
  const days = new Set<number>();
  texts.forEach((text, index) => {
    const [first = -1, last = first] = text.split('-', 2).map(dayOf);
    if (first === -1 || last === -1 || text.split('-').length > 2) {
      const message = `"${text}" is no day of the week: expected mon, tue, wed, thu, fri, sat, sun, or a range such as "mon-fri".`;
      throw new PolicyConfigurationError(base, [...path, index], message);
    }
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  });
  return days;
}

/** By its English name or the first three letters of it. -1 if it is none. */
function dayOf(text: string): number {
  const name = text.trim().toLowerCase();
  return name.length === 3 ? DAYS.indexOf(name) : LONG_DAYS.indexOf(name);
}

function timeOf(base: string, path: SettingPath, text: string): Range {
  const [, fromHour, fromMinute, toHour, toMinute] =
    /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)$/.exec(text) ?? [];
  const start = Number(fromHour) * 60 + Number(fromMinute);
  const end = Number(toHour) * 60 + Number(toMinute);
  const expected = 'expected a range of the day such as "08:00-18:00", or "22:00-06:00" into the next day';
  if (Number.isNaN(start) || end > MINUTES_OF_DAY) {
    throw new PolicyConfigurationError(base, path, `"${text}" is no range of times: ${expected}.`);
  }
  if (start === end) {
    const message = `"${text}" is no time at all: ${expected}, and "${WHOLE_DAY}" for a whole day.`;
    throw new PolicyConfigurationError(base, path, message);
  }
  return { start, length: end > start ? end - start : end + MINUTES_OF_DAY - start };
}
