import { lazily, typeNames } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../values/one-or-more.ts';
import { text } from '../values/values.ts';

const weekTimes = lazily(() =>
  z
    .strictObject({
      days: oneOrMore(text, 'a day of the week, or a range such as "mon-fri"')
        .optional()
        .describe('Days of the week, or ranges such as "mon-fri". Left out: every day.'),
      time: oneOrMore(text, 'a range of the day such as "08:00-18:00"')
        .optional()
        .describe('Ranges of the day: "08:00-18:00", or "22:00-06:00" into the next day. Left out: the whole day.'),
      timeZone: text
        .default('UTC')
        .describe('The time zone whose clock counts, by its IANA name: Europe/Berlin. With its summer time.'),
    })
    .refine(({ days, time }) => days !== undefined || time !== undefined, {
      error: 'expected "days", "time" or both: without them it is always met',
    })
    .register(typeNames, { name: 'WeekTimesInput' }),
);

/** `when` of a rule or a route. */
export const when = lazily(() => oneOrMore(weekTimes, 'a mapping with "days", "time" and "timeZone"'))
  .optional()
  .describe('Times of the week, or a list of them, one of which it must be.');

const VALUE_EXPECTED = 'expected true, false, a pattern, or a list of patterns';

const value = lazily(() =>
  z
    .union([z.boolean(), z.string(), z.array(z.string()).min(1)], { error: VALUE_EXPECTED })
    .transform((written): boolean | readonly string[] => (typeof written === 'string' ? [written] : written)),
);

const HOW = 'true: there is one; false: there is none; else a pattern of its value, or several: "*" is any characters.';

/** What must hold for each of some names. */
export function named(what: string) {
  return z.record(text, value).optional().describe(`${what}, by their names. ${HOW}`);
}

/** `paths` of a rule, `path` of a route. */
export const paths = lazily(() =>
  oneOrMore(
    z.string().regex(/^[/*][^?#]*$/, { error: 'expected a path that begins with "/", without a query' }),
    'a path that begins with "/"',
  ),
)
  .optional()
  .describe('What the normalised path begins with, character by character; with a "*", what it is as a whole.');
