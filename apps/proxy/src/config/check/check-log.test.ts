import { expect, test } from 'vitest';
import { checkLog } from './check-log.ts';

const said = (log: unknown): string[] => checkLog(log).map(({ message }) => message);

test.each([
  undefined,
  {},
  { format: 'text' },
  { template: '{client} {{}} {status}' },
  { template: 't', format: 'auto' },
])('%j is sound', (log) => {
  expect(said(log)).toEqual([]);
});

test.each([
  ['{clinet}', 'there is no field "clinet"; did you mean "client"?'],
  ['{zzzzzzzz}', 'there is no field "zzzzzzzz".'],
  ['a } b', 'a "}" of its own; write "}}" for the character.'],
  ['{client', 'a "{" of its own; write "{{" for the character.'],
  ['{client}\n', 'a line break or another control character.'],
])('says what is wrong with the template %j', (template, message) => {
  expect(said({ template })).toEqual([message]);
});

test('a template beside a format is an error, because one of them would have no effect', () => {
  expect(said({ template: '{client}', format: 'squid' })).toEqual([
    'access lines are written by "template" or by "format: squid"; leave one of them out.',
  ]);
});

test('a log that is rotated needs a file', () => {
  expect(said({ rotate: { size: '1MiB' } })).toEqual([
    'this has no effect: the log goes to standard output; name a "file" for it.',
  ]);
  expect(said({ rotate: { size: '1MiB' }, file: 'log' })).toEqual([]);
});

test('a log goes to a file or to syslog, and only that file is rotated', () => {
  expect(said({ file: 'log', syslog: {} })).toEqual([
    'the log goes to the "file" or to syslog; leave one of them out.',
  ]);
  expect(said({ syslog: {}, rotate: { age: '1d' } })).toEqual([
    'this has no effect: the log goes to syslog; name a "file" for it.',
  ]);
});
