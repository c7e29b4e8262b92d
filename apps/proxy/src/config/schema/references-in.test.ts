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

test('of many values, only the first ones are walked to learn that none may refer', () => {
  let looked = 0;
  const value = (): object => new Proxy({ size: 1 }, { ownKeys: (target) => ((looked += 1), Reflect.ownKeys(target)) });
  let made = 0;
  const unwritten = lazily(() => {
    made += 1;
    return z.strictObject({ more: z.string().optional() });
  });
  const schema = z.array(z.strictObject({ size: z.int(), unwritten: unwritten.optional() }));
  expect(referencesIn(schema, Array.from({ length: 10 }, value))).toEqual([]);
  expect([looked, made]).toEqual([10, 0]);
  expect(referencesIn(schema, Array.from({ length: 1_000 }, value))).toEqual([]);
  expect(looked).toBeLessThan(100);
  expect(made).toBe(1);
});

test('what may refer is found however many values there are', () => {
  const zone = lazily(() => z.strictObject({ zone: zoneName }));
  const schema = z.array(z.strictObject({ size: z.int(), inner: zone.optional() }));
  const written = Array.from({ length: 200 }, (_, index) => ({
    size: index,
    ...(index === 199 && { inner: { zone: 'a' } }),
  }));
  expect(referencesIn(schema, written)).toMatchObject([{ to: 'zone', path: [199, 'inner', 'zone'] }]);
});
