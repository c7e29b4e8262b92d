import { isRecord } from '../config/problem/problem.ts';
import type { RouteConfig } from '../config/schema/schema.ts';

type Match = NonNullable<RouteConfig['match']>;
type Times = NonNullable<Match['when']>[number];

/** The conditions of a route: `host *.example, path /api/ or *.png, cookie beta=1, when mon-fri 08:00-18:00 UTC`. */
export function matchText(match: Match | undefined): string {
  const conditions = Object.entries(match ?? {}).filter(([, value]) => value !== undefined);
  if (conditions.length === 0) return 'everything';
  return conditions.map(([key, value]) => conditionText(key, value)).join(', ');
}

function conditionText(key: string, value: unknown): string {
  if (isRecord(value)) return `${key} ${Object.entries(value).map(namedText).join(' and ')}`;
  return `${key} ${[value].flat().map(valueText).join(' or ')}`;
}

/** Of a field, a parameter of a query or a cookie. */
function namedText([name, value]: readonly [string, unknown]): string {
  if (typeof value === 'boolean') return value ? name : `no ${name}`;
  return `${name}=${[value].flat().map(valueText).join('|')}`;
}

/** A value of a condition: a text or a number, hosts in files, times. */
function valueText(value: unknown): string {
  if (!isRecord(value)) return String(value);
  return Array.isArray(value.file) ? value.file.join(' or ') : timesText(value);
}

function timesText({ days = [], time = [], timeZone }: Partial<Times>): string {
  return [days.join(','), time.join(','), timeZone].filter((part) => part !== '').join(' ');
}
