import type { StandardFunctions } from './standard-functions.ts';

/** The standard functions about time. The last argument "GMT" stands for UTC, else it is the time of this machine. */
export const timeFunctions: StandardFunctions = {
  helpers: [splitZone, isWithin, monthOf, kindOfPart, datesOf],
  make: makeTimeFunctions,
};

interface Now {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function makeTimeFunctions() {
  const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
  return {
    weekdayRange: (...given: unknown[]) => {
      const { args, now } = splitZone(given);
      const from = DAYS.indexOf(String(args[0]));
      const to = args.length > 1 ? DAYS.indexOf(String(args[1])) : from;
      return from !== -1 && to !== -1 && isWithin(now.weekday, from, to);
    },
    dateRange: (...given: unknown[]) => {
      const { args, now } = splitZone(given);
      const dates = datesOf(args, now);
      return dates !== undefined && isWithin(...dates);
    },
    timeRange: (...given: unknown[]) => {
      const { args, now } = splitZone(given);
      const numbers = args.map(Number);
      if (numbers.some((number) => !Number.isInteger(number))) return false;
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers;
      const { hour, minute, second } = now;
      if (numbers.length === 1) return hour === a;
      if (numbers.length === 2) return isWithin(hour, a, b);
      // The last minute belongs to it, as the last hour does above.
      if (numbers.length === 4) return isWithin(hour * 60 + minute, a * 60 + b, c * 60 + d);
      if (numbers.length !== 6) return false;
      return isWithin(hour * 3600 + minute * 60 + second, a * 3600 + b * 60 + c, d * 3600 + e * 60 + f);
    },
  };
}

function splitZone(given: readonly unknown[]): { readonly args: readonly unknown[]; readonly now: Now } {
  const isUtc = given.at(-1) === 'GMT';
  const date = new Date();
  // A date that shows in UTC what this machine shows.
  const shown = isUtc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const now: Now = {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth(),
    day: shown.getUTCDate(),
    weekday: shown.getUTCDay(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
  };
  return { args: isUtc ? given.slice(0, -1) : given, now };
}

/** Whether `value` lies in a range, which goes over the end (of a day, week or year) where it ends before it begins. */
function isWithin(value: number, from: number, to: number): boolean {
  return from <= to ? from <= value && value <= to : value >= from || value <= to;
}

/** -1 for what is none. */
function monthOf(part: unknown): number {
  return ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'].indexOf(String(part));
}

function kindOfPart(part: unknown): 'year' | 'month' | 'day' | undefined {
  if (monthOf(part) !== -1) return 'month';
  const number = Number(part);
  if (!Number.isInteger(number) || number < 1) return undefined;
  return number > 31 ? 'year' : 'day';
}

/** Of two dates that are written with the same parts, as in 1, "JAN", 2027: each as a number that grows with time, and so of now. */
function datesOf(args: readonly unknown[], now: Now): readonly [now: number, from: number, to: number] | undefined {
  const half = Math.max(1, args.length / 2);
  if (args.length === 0 || args.length > 6 || !Number.isInteger(half)) return undefined;
  const ends = [args.slice(0, half), args.slice(-half)];
  const kinds = (['year', 'month', 'day'] as const).filter((kind) =>
    ends[0]?.some((part) => kindOfPart(part) === kind),
  );
  if (kinds.length < half) return undefined;
  const [from, to] = ends.map((end) =>
    kinds.reduce((sum, kind) => {
      const part = end.find((one) => kindOfPart(one) === kind);
      return sum * 32 + (kind === 'month' && part !== undefined ? monthOf(part) : Number(part));
    }, 0),
  );
  if (from === undefined || to === undefined || Number.isNaN(from + to)) return undefined;
  return [kinds.reduce((sum, kind) => sum * 32 + now[kind], 0), from, to];
}
