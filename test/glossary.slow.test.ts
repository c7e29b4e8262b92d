import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, SourceNames } from './pages/source-names.ts';

/** One line of docs/glossary.md: our word, what it means, what others call it, and where it is. */
interface Entry {
  readonly word: string;
  readonly meaning: string;
  readonly others: string;
  readonly links: readonly { readonly symbol: string; readonly file: string }[];
}

const names = new SourceNames();
const entries = readEntries(readFileSync(join(root, 'docs/glossary.md'), 'utf8'));

function readEntries(markdown: string): Entry[] {
  return markdown.split('\n').flatMap((line) => {
    const [, word, meaning, others, where] = /^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$/.exec(line) ?? [];
    if (word === undefined || word === 'word' || /^-+$/.test(word)) return [];
    const links = Array.from(
      (where ?? '').matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\)/g),
      ([, symbol = '', file = '']) => ({
        symbol,
        file,
      }),
    );
    return [{ word, meaning: meaning ?? '', others: others ?? '', links }];
  });
}

describe('docs/glossary.md', () => {
  test('has about thirty words, each once and in alphabetical order', () => {
    const words = entries.map(({ word }) => word.replaceAll('`', '').toLowerCase());
    expect(words.length).toBeGreaterThanOrEqual(25);
    expect(words.length).toBeLessThanOrEqual(40);
    expect(words).toEqual([...new Set(words)].toSorted());
  });

  test('says of every word where it is in the sources', () => {
    expect(entries.filter(({ links }) => links.length === 0).map(({ word }) => word)).toEqual([]);
  });

  test('every symbol that it names is exported by the file that it is linked to', () => {
    const missing = entries
      .flatMap(({ links }) => links)
      .filter(({ symbol, file }) => !names.sources.includes(file) || !names.exports(file, symbol));
    expect(missing).toEqual([]);
  });

  test('every word of the seed that names a class is in it', () => {
    const words = new Set(entries.map(({ word }) => word));
    for (const word of ['chainer', 'inband', 'directed', 'failover', 'transparent', 'stacking', 'zone', 'service']) {
      expect(words).toContain(word);
    }
  });
});
