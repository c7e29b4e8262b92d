import { expect, test } from 'vitest';
import { leavesOf, mergePatch } from './merge-patch.ts';
import { patched } from './patched-source.ts';

// The examples of RFC 7396, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('%j with the patch %j is %j', (value, patch, merged) => {
  const before = structuredClone(value);
  expect(mergePatch(value, patch)).toEqual(merged);
  expect(value).toEqual(before);
});

test('a key of the name __proto__ is a key like any other', () => {
  const patch: unknown = JSON.parse('{"a":{"__proto__":{"polluted":true}}}');
  const merged = mergePatch({}, patch);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect(JSON.stringify(merged)).toBe('{"a":{"__proto__":{"polluted":true}}}');
});

test('what a patch says has no place in the text, and everything else has its own', () => {
  const locate = () => ({ line: 3, column: 1 });
  const source = patched({ value: { a: { b: 1, c: 2 } }, locate, baseDirectory: '/' }, [{ a: { b: 2 } }, { d: null }]);
  expect(source.value).toEqual({ a: { b: 2, c: 2 } });
  expect(source.locate?.(['a', 'b'], 'value')).toBeUndefined();
  expect(source.locate?.(['a', 'b', 'deeper'], 'value')).toBeUndefined();
  expect(source.locate?.(['a', 'c'], 'value')).toEqual({ line: 3, column: 1 });
  expect(source.locate?.(['a'], 'value')).toEqual({ line: 3, column: 1 });
  expect(source.files?.patches).toEqual([{ a: { b: 2 } }, { d: null }]);
});

test('the leaves of a patch are what it sets and removes', () => {
  expect(leavesOf({ a: { b: 1, c: null }, d: [1], e: {} })).toEqual([
    [['a', 'b'], 1],
    [['a', 'c'], null],
    [['d'], [1]],
    [['e'], {}],
  ]);
});
