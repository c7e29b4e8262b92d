import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configJsonSchema } from './json-schema.ts';
import { isRecord } from './problem/problem.ts';

/** Every key that the schema names, wherever it stands, with what it says of it there. */
function keysOf(schema: unknown, found = new Map<string, unknown[]>()): Map<string, unknown[]> {
  if (Array.isArray(schema)) for (const item of schema as unknown[]) keysOf(item, found);
  if (!isRecord(schema)) return found;
  for (const [keyword, value] of Object.entries(schema)) {
    if ((keyword === 'properties' || keyword === '$defs') && isRecord(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (keyword === 'properties') found.set(key, [...(found.get(key) ?? []), inner]);
        keysOf(inner, found);
      }
    } else keysOf(value, found);
  }
  return found;
}

/** The plain defaults of a key: sections and the like have none that fits into a cell. */
function defaultsOf(uses: readonly unknown[]): unknown[] {
  return uses
    .map((use) => (isRecord(use) ? use.default : undefined))
    .filter((value) => ['string', 'number', 'boolean'].includes(typeof value));
}

const page = await readFile(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
/** The rows of the page's tables: a key in the first column, its default in the second. */
const documented = Array.from(page.matchAll(/^\| `([$\w]+)` +\| (.+?) +\|/gm), ([, key, value]) => ({ key, value }));

const keys = keysOf(configJsonSchema());

test.each([...keys.keys()])('docs/configuration.md documents %s', (key) => {
  expect(documented.map((row) => row.key)).toContain(key);
});

test.each([...keys].filter(([, uses]) => defaultsOf(uses).length > 0))(
  'docs/configuration.md says the default of %s',
  (key, uses) => {
    const said = documented.filter((row) => row.key === key).map((row) => row.value);
    for (const value of defaultsOf(uses)) expect(said).toContain(`\`${String(value)}\``);
  },
);
