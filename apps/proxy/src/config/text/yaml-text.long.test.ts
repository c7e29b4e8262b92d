import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { parseText } from '../read/locate.ts';
import { plainYaml } from './yaml-text.ts';

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string(),
      fc.constantFrom('10.0.0.1:80', '*.example.com', 'yes', '1e3', '[::1]:80', '12'),
      fc.integer(),
    ),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.stringMatching(/^[a-zA-Z][\w-]{0,8}$/), fc.string({ maxLength: 5 })), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;

test('whatever is read of a text that was written as YAML is what the parser that knows places reads', () => {
  let read = 0;
  fc.assert(
    fc.property(value, fc.boolean(), (written, isFlow) => {
      const text = stringify({ key: written }, isFlow ? { collectionStyle: 'flow' } : {});
      const plain = plainYaml(text);
      if (plain === undefined) return;
      read += 1;
      expect(plain.value).toEqual(parseText(text, 'yaml', {}).value);
    }),
    { numRuns: runs(500) },
  );
  expect(read).toBeGreaterThan(10);
});

const START = 'routes:\n  - match:\n      host: a.example\n  - match: { host: "*.b", port: [80, 443] }\n';
const PIECES = [
  'a',
  '1',
  '0x1F',
  '.5',
  '1e999',
  '~',
  'No',
  '"q"',
  "'s'",
  '- ',
  ': ',
  ', ',
  '[',
  '}',
  '\n',
  '\n  ',
  '\n- ',
  ' # c\n',
  '"',
  '\t',
];

test('a text with something wrong in it is read as the parser that knows places reads it, or not at all', () => {
  const change = fc.record({ at: fc.nat(START.length), left: fc.nat(2), put: fc.constantFrom(...PIECES) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const text = changes.reduce((all, { at, left, put }) => all.slice(0, at) + put + all.slice(at + left), START);
      const plain = plainYaml(text);
      if (plain === undefined) return;
      const { value: slow, syntaxErrors } = parseText(text, 'yaml', {});
      expect({ value: plain.value, syntaxErrors }).toEqual({ value: slow, syntaxErrors: [] });
    }),
    { numRuns: runs(2_000) },
  );
});

const indent = fc.integer({ min: 0, max: 4 }).map((spaces) => ' '.repeat(spaces));
const lineEnd = fc.tuple(fc.constantFrom('\n', ' # c\n', '\n\n'), indent).map((parts) => parts.join(''));
const space = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('', '', ' ') }, lineEnd);
/** What may stand in quotes and brackets, over several lines, and as it is not valid. */
const flow = fc.letrec<Record<'node' | 'scalar' | 'list' | 'mapping' | 'entry', string>>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, tie('scalar'), tie('list'), tie('mapping')),
  scalar: fc.oneof(
    fc.constantFrom('x', '1', 'a b', '"q"', "'s'", "'it''s'", '""', 'a:b', '-', 'x#y', '"]"', "'}'", "it's", 'a"b'),
    space.map((between) => `"q${between}r"`),
    space.map((between) => `'s${between}t'`),
  ),
  list: fc
    .tuple(space, fc.array(tie('node'), { maxLength: 2 }), space, fc.constantFrom('', ','))
    .map(([before, items, between, comma]) => `[${before}${items.join(`${between},${before}`)}${between}${comma}]`),
  mapping: fc
    .tuple(space, fc.array(tie('entry'), { maxLength: 2 }), space)
    .map(([before, entries, between]) => `{${before}${entries.join(`${between},${before}`)}${between}}`),
  entry: fc
    .tuple(fc.constantFrom('k', '"k"', 'l'), fc.constantFrom(': ', ':', ':\n '), tie('node'))
    .map((parts) => parts.join('')),
})).node;
const PREFIXES = ['- ', '-  ', '- - ', '-\n  ', 'k: ', 'k:\n  ', '"k": ', '- k: ', '- "k": ', ''];
const BEHIND = [
  '',
  '',
  '',
  '',
  'c: d',
  ' c: d',
  'c',
  ' c',
  ' # x',
  '#x',
  ': y',
  ' : y',
  ']',
  '}',
  ',',
  '"q"',
  '[b]: c',
  'b:',
];
const MORE_BEHIND = ['q"a#x y]:', 'b: :-- }', ' "q": 1', '\nc: d', '\n  c: d', '\n- c', '\n : d', '\n"c": d'];
const line = fc
  .tuple(indent, fc.constantFrom(...PREFIXES), flow, fc.constantFrom(...BEHIND, ...MORE_BEHIND))
  .map((parts) => parts.join(''));

test('items in quotes and brackets, over one line or several, are read as the parser that knows places reads them, or not at all', () => {
  let read = 0;
  const beginning = fc.constantFrom('', 'a:\n', 'a:\n  b:\n', '- x\n');
  fc.assert(
    fc.property(beginning, fc.array(line, { minLength: 1, maxLength: 3 }), (first, lines) => {
      const text = first + lines.join('\n');
      const plain = plainYaml(text);
      if (plain === undefined) return;
      read += 1;
      const { value: slow, syntaxErrors } = parseText(text, 'yaml', {});
      expect({ value: plain.value, syntaxErrors }).toEqual({ value: slow, syntaxErrors: [] });
    }),
    { numRuns: runs(4_000) },
  );
  expect(read).toBeGreaterThan(0);
});

test.each([
  ['one line', 'a:\n- "b"\n- [c, { d: "]" }] # e\n- "f": g'],
  ['several lines', 'a:\n  - [b,\n     # it is\n     c]\n  - "d\n     e"\n  - { f: g,\n      h: [i] }'],
])('valid items over %s are read fast', (_what, text) => {
  const { value: slow, syntaxErrors } = parseText(text, 'yaml', {});
  expect({ ...plainYaml(text), syntaxErrors }).toEqual({ value: slow, syntaxErrors: [] });
});

test.each([
  ['a variable', 'a: ${HOME}'],
  ['a variable with an escape', String.raw`a: "\u0024{HOME}"`],
  ['an alias', 'a: &b 1\nc: *b'],
  ['a merge key', 'a:\n  <<: { b: 1 }'],
  ['a tag', 'a: !!str 1'],
  ['a block scalar', 'a: |\n  text'],
  ['a key twice', 'a: 1\na: 2'],
  ['a key that is no text', '1: a'],
  ['two documents', 'a: 1\n---\nb: 2'],
  ['a number without end', 'a: 1e999'],
  ['something behind a quoted item', 'a:\n- "b"c: d'],
  ['something behind an item in brackets', 'a:\n- [b]c: d'],
  ['something with a bracket in it behind an item in brackets', 'a:\n- [b]c: :-- }'],
  ['something behind an item over several lines', 'a:\n- [b,\n  c]d: e'],
  ['no YAML', 'a: [1'],
])('%s is left to the parser that knows places', (_what, text) => {
  expect(plainYaml(text)).toBeUndefined();
});
