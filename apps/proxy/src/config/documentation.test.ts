import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configJsonSchema } from './json-schema.ts';
import { isRecord } from './problem.ts';

/** Every key that the schema names, wherever it stands. */
function keysOf(schema: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const item of schema as unknown[]) keysOf(item, found);
  if (!isRecord(schema)) return found;
  for (const [keyword, value] of Object.entries(schema)) {
    if ((keyword === 'properties' || keyword === '$defs') && isRecord(value)) {
      if (keyword === 'properties') for (const key of Object.keys(value)) found.add(key);
      for (const inner of Object.values(value)) keysOf(inner, found);
    } else keysOf(value, found);
  }
  return found;
}

const page = await readFile(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
/** The keys in the first columns of the page's tables. */
const documented = new Set(Array.from(page.matchAll(/^\| `([$\w]+)` +\|/gm), ([, key]) => key));

test.each([...keysOf(configJsonSchema())])('docs/configuration.md documents %s', (key) => {
  expect(documented).toContain(key);
});
