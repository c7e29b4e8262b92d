import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, SourceNames } from './pages/source-names.ts';

const names = new SourceNames();

/** The folders in each table of docs/architecture.md, from top to bottom, by the `src` folder that the table is about. */
const tables = readTables(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));

function readTables(markdown: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let folders: string[] = [];
  let source = '';
  for (const line of markdown.split('\n')) {
    const [, heading] = /^### `((?:packages|apps)\/[\w-]+\/src)`$/.exec(line) ?? [];
    if (heading !== undefined) found.set((source = heading), (folders = []));
    else if (line.startsWith('#')) folders = [];
    const [, folder] = /^\| `([^`]+)` \|/.exec(line) ?? [];
    if (folder !== undefined) folders.push(join(source, folder));
  }
  return found;
}

/** Folders of the same package that the sources of `folder` import. */
function importsOf(folder: string): string[] {
  const own = names.sources.filter((file) => dirname(file) === folder);
  const imported = own.flatMap((file) =>
    Array.from(names.textOf(file).matchAll(/(?:from|import) '(\.[^']+)'/g), ([, path = '']) =>
      dirname(join(folder, path)),
    ),
  );
  return [...new Set(imported)].filter((other) => other !== folder && other.includes('/src'));
}

describe('docs/architecture.md', () => {
  test('names every folder of sources once, and no other', () => {
    const named = [...tables.values()].flat();
    expect(named.toSorted()).toEqual(names.sourceFolders);
  });

  test.each([...tables])('in %s a folder imports only folders below it', (_source, folders) => {
    const wrong = folders.flatMap((folder, index) =>
      importsOf(folder)
        .filter((imported) => folders.indexOf(imported) < index)
        .map((imported) => `${folder} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });
});
