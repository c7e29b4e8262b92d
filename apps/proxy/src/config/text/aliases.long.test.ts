import { expect, test } from 'vitest';
import { perForm } from '../../../../../test/support/tiers/runs.ts';
import { parseText } from '../read/locate.ts';

function read(lines: readonly string[]) {
  return parseText(lines.join('\n'), 'yaml', {});
}

/** Mappings, each of which is made of the one before it. */
function chain(count: number, made: (before: string) => string): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? 'm0: &m0 { a: 1 }' : `m${index}: &m${index} { ${made(`*m${index - 1}`)}, b${index}: 1 }`,
  );
}

test('a chain of mappings is merged', () => {
  const count = perForm(90, 30);
  const { value, syntaxErrors } = read(chain(count, (before) => `<<: ${before}`));
  expect(syntaxErrors).toEqual([]);
  expect(value).toMatchObject({ [`m${count - 1}`]: { a: 1, b1: 1, [`b${count - 1}`]: 1 } });
});

test('thousands of mappings that have the same in them are read', () => {
  // The YAML library goes through the document for each alias.
  const count = perForm(2_000, 200);
  const items = Array.from({ length: count }, (_, at) => `  - { <<: *base, in: *base, at: ${at} }`);
  const { value, syntaxErrors } = read(['base: &base { a: 1 }', 'all:', ...items]);
  expect(syntaxErrors).toEqual([]);
  expect(value).toHaveProperty(['all', count - 1], { a: 1, in: { a: 1 }, at: count - 1 });
});

test.each(['<<: BEFORE', 'in: BEFORE', 'in: [BEFORE]'])(
  'a chain that is too long is refused where it is: %s',
  (made) => {
    const { syntaxErrors } = read(chain(perForm(600, 110), (before) => made.replace('BEFORE', before)));
    expect(syntaxErrors[0]).toEqual({
      line: made.includes('[') ? 52 : 101,
      column: expect.any(Number),
      message: 'with what aliases (*name) stand for, mappings and lists are nested more than 100 deep.',
    });
  },
);

test.each(['<<: [BEFORE, BEFORE]', '<<: BEFORE, in: BEFORE', 'in: [BEFORE, BEFORE]', '<<: BEFORE, in: { <<: BEFORE }'])(
  'what doubles at each step is refused before it is made: %s',
  (made) => {
    expect(read(chain(40, (before) => made.replaceAll('BEFORE', before))).syntaxErrors).toEqual([
      { line: 1, column: 1, message: expect.stringContaining('repeat more than 500000 values') },
    ]);
  },
);

test.each([
  ['a mapping that it merges', ['a: &a', '  <<: *a', '  b: 1'], 2],
  ['one that it merges further in', ['a: &a', '  b:', '    <<: *a'], 3],
  ['one of several', ['x: &x { c: 1 }', 'a: &a', '  <<: [*x, *a]'], 3],
  ['a mapping', ['a: &a', '  b: *a'], 2],
  ['a list', ['a: &a', '  - - *a'], 2],
  ['a list that is merged', ['a:', '  <<: &a', '    - b: *a'], 3],
])('what contains itself is refused: %s', (_what, lines, line) => {
  expect(read(lines).syntaxErrors).toEqual([{ line, column: expect.any(Number), message: 'this contains itself.' }]);
});

test.each([
  ['a mapping', ['a: { <<: &x { c: 1 } }', 'b: { <<: *x }']],
  ['a list', ['a: { <<: &x [{ c: 1 }] }', 'b: { <<: *x }']],
  ['one of a list', ['a: { <<: [&x { d: 1 }, *x, { c: 1 }] }', 'b: { <<: *x, c: 1, d: 1 }']],
])('what is merged may have a name of its own: %s', (_what, lines) => {
  const { value, syntaxErrors } = read(lines);
  expect(syntaxErrors).toEqual([]);
  expect(value).toMatchObject({ a: { c: 1 }, b: { c: 1 } });
});

test.each(['1', '[*x, 1]', '"<<"'])('what is no mapping cannot be merged: %s', (source) => {
  expect(read(['x: &x { c: 1 }', 'a:', `  <<: ${source}`]).syntaxErrors).toEqual([
    { line: 3, column: 3, message: 'expected a mapping to merge, or a list of mappings ("<<: *name").' },
  ]);
});
