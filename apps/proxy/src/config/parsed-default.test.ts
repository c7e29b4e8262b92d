import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { planOf } from '../run/plan/plan.ts';
import { parseConfig } from './parse-config.ts';
import { defaultConfig } from './default-config.ts';
import { loadConfig } from './load-config.ts';
import { parsedDefault } from './parsed-default.ts';

test('the default configuration is complete as the schema makes it', async () => {
  const { registry: _all, ...validated } = await parseConfig({ value: defaultConfig, baseDirectory: '/' });
  const { registry: _own, ...complete } = parsedDefault('/');
  expect(complete).toStrictEqual(validated);
});

test('the default configuration plans the same as the one that was validated, so a reload keeps all of it', async () => {
  const validated = planOf(await parseConfig({ value: defaultConfig, baseDirectory: '/' }));
  const complete = planOf(parsedDefault('/'));
  expect(complete.all.length).toBeGreaterThan(5);
  expect(complete).toStrictEqual(validated);
});

test('the default configuration, which a module has changed and exports, is validated like any other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-default-'));
  onTestFinished(async () => {
    delete defaultConfig.workerTimeout;
    await rm(folder, { recursive: true });
  });
  const file = join(folder, 'inband.config.mjs');
  const from = JSON.stringify(new URL('default-config.ts', import.meta.url));
  const text = `import { defaultConfig } from ${from}; export default Object.assign(defaultConfig, { workerTimeout: '7s' });`;
  await writeFile(file, text);
  const [{ config }] = await loadConfig(file);
  expect(config.workerTimeout).toBe(7_000);
});
