import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SEED_ITEMS } from './seed/items.ts';
import { readPage, type Reference } from './seed/page.ts';
import { SourceSymbols } from './seed/symbols.ts';
import { countTitle, testTitles } from './seed/titles.ts';

/** Holds docs/seed.md to what it says: complete, and every symbol and every test that it names is there. */
const root = resolve(import.meta.dirname, '..');
const rows = readPage(read('docs/seed.md'));

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** What `make` makes of a file, once for each file. */
function perFile<Value>(make: (source: string) => Value): (file: string) => Value {
  const made = new Map<string, Value>();
  return (file) => {
    const value = made.get(file) ?? make(read(file));
    made.set(file, value);
    return value;
  };
}

const symbolsOf = perFile((source) => new SourceSymbols(source));
const titlesOf = perFile(testTitles);

/** `file: text` of each reference that is wrong. */
function wrong(references: readonly Reference[], isRight: (reference: Reference) => boolean): string[] {
  return references
    .filter((reference) => !existsSync(join(root, reference.file)) || !isRight(reference))
    .map(({ file, text }) => `${file}: ${text}`);
}

describe('docs/seed.md', () => {
  test.each(Object.entries(SEED_ITEMS))('%s: has a line for each item of the seed, in its order', (section, items) => {
    expect(rows.filter((row) => row.section === section).map((row) => row.item)).toEqual(items);
  });

  test('has no other lines', () => {
    expect(new Set(rows.map((row) => row.section))).toEqual(new Set(Object.keys(SEED_ITEMS)));
  });

  test('says of every item what implements it and what shows it', () => {
    const lacking = rows.filter((row) => row.symbols.length === 0 || row.tests.length === 0);
    expect(lacking.map((row) => row.item)).toEqual([]);
  });

  test('names no test without a link to it', () => {
    expect(rows.filter(({ unlinked }) => unlinked !== '').map(({ item, unlinked }) => `${item}: ${unlinked}`)).toEqual(
      [],
    );
  });

  test('every symbol exists, and its file exports it', () => {
    const symbols = rows.flatMap((row) => row.symbols).filter(({ file }) => file.endsWith('.ts'));
    expect(symbols.length).toBeGreaterThan(rows.length / 2);
    expect(wrong(symbols, ({ file, text }) => symbolsOf(file).has(text))).toEqual([]);
  });

  test('every test exists, and no other in its file has the same title', () => {
    const tests = rows.flatMap((row) => row.tests);
    expect(wrong(tests, ({ file, text }) => countTitle(titlesOf(file), text) === 1)).toEqual([]);
  });

  test('symbols stand in sources, and tests in tests', () => {
    const [symbols, tests] = [rows.flatMap((row) => row.symbols), rows.flatMap((row) => row.tests)];
    expect(wrong(symbols, ({ file }) => /^(?:docs|packages\/.*\/src|apps\/.*\/src)\//.test(file))).toEqual([]);
    expect(wrong(tests, ({ file }) => file.startsWith('test/') || file.endsWith('.test.ts'))).toEqual([]);
  });
});
