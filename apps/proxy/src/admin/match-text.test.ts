import { expect, test } from 'vitest';
import type { RouteConfig } from '../config/schema/schema.ts';
import { matchText } from './match-text.ts';

test.each<[RouteConfig['match'], string]>([
  [undefined, 'everything'],
  [{}, 'everything'],
  [
    { host: ['*.example', { file: ['a.txt', 'b.txt'] }], port: [80, 81] },
    'host *.example or a.txt or b.txt, port 80 or 81',
  ],
  [{ path: ['/a/', '*.png'], method: ['GET'] }, 'path /a/ or *.png, method GET'],
  [{ field: { 'x-beta': true, dnt: false } }, 'field x-beta and no dnt'],
  [{ query: { v: ['2', '3'] }, cookie: { a: ['b*'] } }, 'query v=2|3, cookie a=b*'],
  [
    { when: [{ days: ['mon-fri'], time: ['08:00-18:00'], timeZone: 'Europe/Berlin' }, { timeZone: 'UTC' }] },
    'when mon-fri 08:00-18:00 Europe/Berlin or UTC',
  ],
])('the conditions of a route are named with all their values: %j', (match, text) => {
  expect(matchText(match)).toBe(text);
});
