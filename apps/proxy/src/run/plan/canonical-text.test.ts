import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { unicodeText } from '../../../../../test/support/unicode-text.ts';
import { canonicalText } from './canonical-text.ts';

/** What a configuration can hold, and some that only a program can. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    unicodeText(),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
}));

/** An equal value whose mappings have their keys the other way round. */
function reversed(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(reversed);
  if (of instanceof Map) return new Map([...of].map(([key, inner]) => [reversed(key), reversed(inner)]));
  if (of instanceof Set) return new Set([...of].map(reversed));
  if (of instanceof Date) return new Date(of);
  if (of instanceof Uint8Array) return Uint8Array.from(of);
  if (typeof of !== 'object' || of === null) return of;
  return Object.fromEntries(
    Object.entries(of)
      .toReversed()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe('the canonical text', () => {
  test('is the same whatever the order of keys', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(canonicalText(reversed(one))).toBe(canonicalText(one));
      }),
    );
  });

  test('is another one for every other value', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        // Equality as vitest has it, which knows all these types, tells 0 from -0 and does not look at the order of keys.
        let isEqual = true;
        try {
          expect(other).toStrictEqual(one);
        } catch {
          isEqual = false;
        }
        if (!isEqual) expect(canonicalText(other)).not.toBe(canonicalText(one));
      }),
      { numRuns: runs(500) },
    );
  });

  test('is another one as soon as one value anywhere in it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { minKeys: 1 }), fc.nat(), (mapping, pick) => {
        const keys = Object.keys(mapping);
        const key = keys[pick % keys.length]!;
        const text = canonicalText({ above: [mapping] });
        expect(canonicalText({ above: [{ ...mapping, [key]: [mapping[key]] }] })).not.toBe(text);
        expect(canonicalText({ above: [{ ...mapping, [`${keys.join('')}+`]: 1 }] })).not.toBe(text);
      }),
    );
  });

  test.each([
    [{ a: 1, b: undefined }, { a: 1 }],
    [Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    [new URL('http://a.example'), new URL('http://a.example/')],
    [/a.b/gi, new RegExp('a.b', 'gi')],
    [Buffer.from('a'), Buffer.from('a')],
    [Symbol.for('a'), Symbol.for('a')],
    [selfContaining('a'), selfContaining('a')],
  ])('is the same for equal things: %j', (one, other) => {
    expect(canonicalText(one)).toBe(canonicalText(other));
  });

  test.each([
    ['a text and a number', '1', 1],
    ['null and undefined in a list', [null], [undefined]],
    ['a list and a mapping', [1], { 0: 1 }],
    ['a number and a big one', 1, 1n],
    ['0 and -0', 0, -0],
    ['a map and a mapping', new Map([['a', 1]]), { a: 1 }],
    ['a set in another order', new Set([1, 2]), new Set([2, 1])],
    ['lists in another order', [1, 2], [2, 1]],
    ['patterns with other flags', /a/, /a/i],
    ['a text that looks like a date', 'Date(0)', new Date(0)],
    ['things that contain themselves', selfContaining('a'), selfContaining('b')],
  ])('tells %s apart', (_what, one, other) => {
    expect(canonicalText(one)).not.toBe(canonicalText(other));
  });

  test.each([
    ['functions', () => () => 1],
    ['instances of classes', () => new Store()],
    ['what extends a class that is known', () => new (class extends Map {})()],
    ['symbols', () => Symbol('a')],
    ['mappings with symbols', () => ({ [Symbol.for('a')]: 1 })],
  ])('is the same for %s only if they are the same object', (_what, make) => {
    const one: unknown = make();
    expect(canonicalText([one])).toBe(canonicalText([one]));
    expect(canonicalText([make()])).not.toBe(canonicalText([one]));
  });
});

function selfContaining(name: string): object {
  const inner: Record<string, unknown> = { name };
  inner.list = [inner];
  return { inner };
}

class Store {
  readonly kept = 0;
}
