import { expect, test } from 'vitest';
import { knownKeys } from './known-keys.ts';

const schema = {
  properties: {
    services: { additionalProperties: { $ref: '#/$defs/service' } },
    zone: { anyOf: [{ type: 'array' }, { properties: { addresses: {}, parent: {} } }] },
  },
  $defs: { service: { properties: { routes: { items: { properties: { match: {}, chainer: {} } } } } } },
};

test('gives the keys of the top', () => {
  expect(knownKeys(schema, [])).toEqual(['services', 'zone']);
});

test('steps through maps, references and lists', () => {
  expect(knownKeys(schema, ['services', 'anything', 'routes', 3])).toEqual(['match', 'chainer']);
});

test('gives the keys of all alternatives', () => {
  expect(knownKeys(schema, ['zone'])).toEqual(['addresses', 'parent']);
});

test('knows nothing where the schema says nothing', () => {
  expect(knownKeys(schema, ['zone', 'parent', 'x'])).toEqual([]);
});
