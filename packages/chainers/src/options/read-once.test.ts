import { expect, test } from 'vitest';
import * as z from 'zod';
import { readOnce } from './read-once.ts';

function counted() {
  const count = { read: 0 };
  const size = z.string().transform((text) => {
    count.read += 1;
    return text.length;
  });
  return { count, size };
}

test('what is left out is read once, however often it is', () => {
  const { count, size } = counted();
  const schema = z.strictObject({ size: readOnce(size, 'three').describe('Characters.') });
  for (let times = 0; times < 10; times += 1) expect(schema.parse({})).toEqual({ size: 5 });
  expect(count.read).toBe(1);
  expect(schema.parse({ size: 'x' })).toEqual({ size: 1 });
  expect(schema.parse({})).toEqual({ size: 5 });
});

test('it is checked as what is written is, each time', () => {
  const schema = z.strictObject({ size: readOnce(z.string().regex(/^x$/), 'y') });
  for (let times = 0; times < 2; times += 1) expect(schema.safeParse({}).success).toBe(false);
});

test('its JSON Schema is that of prefault', () => {
  const { size } = counted();
  const both = [readOnce(size, 'three'), size.prefault('three')].map((schema) =>
    z.toJSONSchema(schema, { io: 'input' }),
  );
  expect(both[0]).toEqual(both[1]);
});
