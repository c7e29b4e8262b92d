import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testTitles } from './seed/titles.ts';

/**
 * A title says what happens, so that a list of the tests can be read; read with the groups that it stands in, it is a
 * sentence. This holds what a program can tell of that.
 */
const root = resolve(import.meta.dirname, '..');
const files = globSync(['{packages,apps}/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.ts'], {
  cwd: root,
  exclude: (name) => name === 'node_modules' || name === 'dist',
});

/** What is filled in: `%s`, `$name`, `${expression}`. */
const PLACEHOLDER = /\$\{[^}]*\}|%[a-z]|\$\w+/g;

function isLabel(title: string): boolean {
  const own = title.split(' › ').at(-1) ?? '';
  const words = own.split(/\s+/).filter((word) => word !== '');
  const written = own
    .replaceAll(PLACEHOLDER, ' ')
    .split(/\s+/)
    .filter((word) => /\p{L}/u.test(word));
  return words.length < 3 || written.length < 2;
}

function repeated(titles: readonly string[]): string[] {
  return titles.filter((title, index) => titles.indexOf(title) !== index);
}

const titlesOf = new Map(files.map((file) => [file, testTitles(readFileSync(join(root, file), 'utf8'))]));

/** `file: title` of each title that `choose` picks. */
function found(choose: (titles: readonly string[]) => readonly string[]): string[] {
  return [...titlesOf].flatMap(([file, titles]) => choose(titles).map((title) => `${file}: ${title}`));
}

describe('the titles of tests', () => {
  test('are sentences: at least three words, two of which are not filled in', () => {
    expect(
      found((titles) => titles.filter(isLabel)),
      'say in these titles what happens',
    ).toEqual([]);
  });

  test('stand in a group once', () => {
    expect(found(repeated), 'say in these titles how the tests differ').toEqual([]);
  });

  test.each(['parses', 'a list', 'a group › %s', 'a long name of a group › works', 'reads %s', '${what}: %j', ''])(
    'are refused when they are labels such as "%s"',
    (title) => expect(isLabel(title)).toBe(true),
  );

  test.each(['a group › refuses the text %j', 'an end is told once', '${count} clients are served'])(
    'are taken when they say what happens, as "%s" does',
    (title) => expect(isLabel(title)).toBe(false),
  );
});
