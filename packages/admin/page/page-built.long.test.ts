import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { builtFolder, buildPage } from './build.ts';

/** Bytes of all files together, compressed. */
const BUDGET = 60_000;

test('the built page is what its sources give; "npm run build:page" in packages/admin makes it', async () => {
  const files = await buildPage();
  expect((await readdir(builtFolder)).toSorted()).toEqual([...files.keys()].toSorted());
  for (const [name, content] of files) expect(await readFile(join(builtFolder, name), 'utf8')).toBe(content);
});

test('the page stays small', async () => {
  const sizes = [...(await buildPage()).values()].map((content) => gzipSync(content).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(BUDGET);
});
