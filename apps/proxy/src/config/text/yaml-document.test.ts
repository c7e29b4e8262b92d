import { parseDocument } from 'yaml';
import { describe, expect, test } from 'vitest';
import { parseText } from '../read/locate.ts';
import { MOST_NESTING } from './nesting.ts';
import { parseYaml, TooNested } from './yaml-document.ts';

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);
const DEEP = 20_000;

describe('a text that is nested too deeply is refused before it is read to its end', () => {
  test.each<[string, 'yaml' | 'json', string]>([
    ['lists', 'yaml', `zones: ${nested('[', ']', DEEP)}\n`],
    ['mappings', 'yaml', `zones: ${'{ a: '.repeat(DEEP)}1${' }'.repeat(DEEP)}\n`],
    ['lists of lines', 'yaml', `zones:\n${'- '.repeat(DEEP)}x\n`],
    ['keys of keys', 'yaml', `${'? '.repeat(DEEP)}x\n`],
    ['lists that do not end', 'yaml', `zones: ${'['.repeat(DEEP)}`],
    ['lists behind a tag', 'yaml', `a: !x 1\nzones: ${nested('[', ']', DEEP)}\n`],
    ['lists of JSON', 'json', `{"zones":${nested('[', ']', DEEP)}}`],
    ['lists of JSON with a variable', 'json', `{"a":"\${A}","zones":${nested('[', ']', DEEP)}}`],
  ])('%s are not read', (_what, language, text) => {
    const { value, syntaxErrors } = parseText(text, language, {});
    expect(value).toBeUndefined();
    const message = `mappings and lists are nested more than ${MOST_NESTING} deep.`;
    expect(syntaxErrors).toMatchObject([{ message }]);
    // Whatever it has read is a hundred of them, of which each is a few characters.
    expect(syntaxErrors[0]?.column).toBeLessThan(1_000);
  });
});

test('as deep as is allowed is read', () => {
  for (const text of [nested('[', ']', MOST_NESTING), `${'- '.repeat(MOST_NESTING)}1`]) {
    expect(parseText(text, 'yaml', {}).syntaxErrors).toEqual([]);
    expect(parseText(`# & \n${text}`, 'yaml', {}).syntaxErrors).toEqual([]);
  }
  expect(parseText(nested('[', ']', MOST_NESTING), 'json', {}).syntaxErrors).toEqual([]);
});

test.each([
  ['lists', (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`],
  ['mappings', (depth: number) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`],
  ['lists of lines', (depth: number) => `${'- '.repeat(depth)}1`],
  ['mappings of lines', (depth: number) => Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
])('the hundred-and-first of %s within each other is too deep, however it is read', (_what, textOf) => {
  for (const comment of ['', '# & \n']) {
    expect(parseText(comment + textOf(MOST_NESTING), 'yaml', {}).syntaxErrors).toEqual([]);
    expect(parseText(comment + textOf(MOST_NESTING + 1), 'yaml', {}).syntaxErrors).toHaveLength(1);
  }
  expect(() => parseYaml(textOf(MOST_NESTING + 1))).toThrow(TooNested);
});

test.each(['a: 1\n---\nb: 2\n', 'a: [1\n', 'a: 1\na: 2\n', '', '# x\n', '&a [*a]', 'a: |\n  x\nb: {c: d}\n'])(
  'everything else is as the parser of the library has it: %j',
  (text) => {
    const options = { stringKeys: true, merge: true } as const;
    const [own, its] = [parseYaml(text, options), parseDocument(text, { ...options, prettyErrors: false })];
    const errorsOf = ({ errors }: typeof own) => errors.map(({ code, pos }) => ({ code, pos }));
    expect(errorsOf(own)).toEqual(errorsOf(its));
    expect(own.contents).toEqual(its.contents);
  },
);
