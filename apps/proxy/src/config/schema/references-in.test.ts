import { lazily, zoneName } from '@inband/chainers';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { referencesIn } from './references-in.ts';

test('references in what a lazy schema is for are found, and nothing is made for what is not written', () => {
  let made = 0;
  const lazy = () => {
    made += 1;
    return z.strictObject({ zone: zoneName });
  };
  const schema = z.strictObject({ one: lazily(lazy).optional(), other: lazily(lazy).optional() });
  expect(referencesIn(schema, {})).toEqual([]);
  expect(made).toBe(0);
  expect(referencesIn(schema, { one: { zone: 'office' } })).toMatchObject([
    { to: 'zone', name: 'office', path: ['one', 'zone'] },
  ]);
  expect(made).toBe(1);
});

test('a lazy schema without references is asked for once, however much is written for it', () => {
  let asked = 0;
  const hosts = z.lazy(() => {
    asked += 1;
    return z.array(z.string());
  });
  const schema = z.array(z.strictObject({ hosts: hosts.optional(), zone: zoneName.optional() }));
  const written = Array.from({ length: 10 }, () => ({ hosts: ['a.example'], zone: 'office' }));
  expect(referencesIn(schema, written)).toHaveLength(10);
  expect(asked).toBe(1);
});

test('a lazy schema that contains itself is walked as deep as something is written', () => {
  const zones: z.ZodType = lazily(() => z.strictObject({ zone: zoneName, inner: zones.optional() }));
  const found = referencesIn(zones, { zone: 'a', inner: { zone: 'b', inner: { zone: 'c' } } });
  expect(found.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});
