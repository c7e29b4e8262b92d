import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { lazily } from './lazily.ts';

function counted() {
  const count = { made: 0 };
  const lazy = lazily(() => {
    count.made += 1;
    return z.strictObject({ size: z.int().min(1) });
  });
  return { count, schema: z.strictObject({ one: lazy.optional(), many: z.array(lazy).default([]) }) };
}

test('it is not made for what is left out', () => {
  const { count, schema } = counted();
  expect(schema.parse({})).toEqual({ many: [] });
  expect(schema.parse({ one: undefined, many: [] })).toEqual({ one: undefined, many: [] });
  expect(count.made).toBe(0);
});

test('it is made once, for the first value, and checks like any', () => {
  const { count, schema } = counted();
  expect(schema.safeParse({ one: { size: 0 } }).error?.issues[0]?.path).toEqual(['one', 'size']);
  expect(schema.parse({ many: [{ size: 1 }, { size: 2 }] })).toEqual({ many: [{ size: 1 }, { size: 2 }] });
  expect(count.made).toBe(1);
});

test('without .optional() it may not be left out', () => {
  const schema = z.strictObject({ one: lazily(() => z.strictObject({})) });
  expect(schema.safeParse({}).success).toBe(false);
});

test('its JSON Schema is that of what it makes', () => {
  const made = z.strictObject({ size: z.int().min(1).describe('Bytes.') });
  expect(z.toJSONSchema(lazily(() => made))).toEqual(z.toJSONSchema(made));
});

test('nothing is remembered of the values in a parse, as of those that may contain themselves', () => {
  const { schema } = counted();
  const list = z.array(schema);
  for (let times = 0; times < 3; times += 1) list.parse([{}, {}]);
  const remember = vi.spyOn(WeakMap.prototype, 'set');
  list.parse(Array.from({ length: 100 }, () => ({})));
  const { length: remembered } = remember.mock.calls;
  remember.mockRestore();
  expect(remembered).toBe(0);
});

test('one with a description is made for the first value, too, and may be left out', () => {
  const { count, schema } = counted();
  const described = z.strictObject({
    one: lazily(() => schema)
      .describe('One.')
      .optional(),
  });
  expect(described.parse({})).toEqual({});
  expect(described.safeParse({ one: { one: { size: 0 } } }).success).toBe(false);
  expect(count.made).toBe(1);
});
