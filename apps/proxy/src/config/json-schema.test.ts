import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configJsonSchema, schemaFile, schemaText } from './json-schema.ts';
import { knownKeys } from './problem/known-keys.ts';

test('the published JSON Schema is in step: npx node apps/proxy/src/config/generate-schema.ts', async () => {
  expect(await readFile(schemaFile, 'utf8')).toBe(schemaText());
});

test('it knows the options of the built-in chainers and resolvers', () => {
  const schema = configJsonSchema();
  const keys = knownKeys(schema, ['services', 'web', 'routes', 0, 'chainer']);
  expect(keys).toEqual(expect.arrayContaining(['type', 'remote', 'hosts', 'stateTimeout', 'forcedPort', 'local']));
  expect(knownKeys(schema, ['resolver'])).toEqual(expect.arrayContaining(['type', 'cache', 'servers']));
});

test('it refuses a key that nobody knows', () => {
  expect(configJsonSchema().additionalProperties).toBe(false);
});
