import { expect, test } from 'vitest';
import { planOf } from '../run/plan/plan.ts';
import { parseConfig } from './parse-config.ts';
import { defaultConfig } from './default-config.ts';
import { parsedDefault } from './parsed-default.ts';

test('the default configuration is complete as the schema makes it', async () => {
  const { registry: _all, ...validated } = await parseConfig({ value: defaultConfig, baseDirectory: '/' });
  const { registry: _own, ...complete } = parsedDefault('/');
  expect(complete).toStrictEqual(validated);
});

test('the default configuration plans the same as the one that was validated, so a reload keeps all of it', async () => {
  const validated = planOf(await parseConfig({ value: defaultConfig, baseDirectory: '/' }));
  const complete = planOf(parsedDefault('/'));
  expect([...complete.all.keys()]).toStrictEqual([...validated.all.keys()]);
  expect(complete).toStrictEqual(validated);
});
