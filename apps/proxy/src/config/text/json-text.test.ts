import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainJson } from './json-text.ts';
import { parseText } from '../read/locate.ts';

test('any value that was written as JSON is read as it was', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(4), (text, indent) => {
      const written = JSON.stringify(JSON.parse(text), null, indent);
      const plain = plainJson(written);
      if (plain === undefined) expect(written).toMatch(/\$|\\u/);
      else expect(plain.value).toEqual(JSON.parse(text));
    }),
  );
});

test.each([
  ['a key twice in one object', '{ "a": { "b": 1, "b": 2 } }'],
  ['a key twice, once with an escape', String.raw`{ "a": 1, "\u0061": 2 }`],
  ['a variable', '{ "a": "${HOME}" }'],
  ['a variable with an escape', String.raw`{ "a": "\u0024{HOME}" }`],
  ['no JSON', '{ a: 1 }'],
  ['nothing', ''],
])('%s is left to the parser that knows places', (_what, text) => {
  expect(plainJson(text)).toBeUndefined();
});

test('keys in texts, escaped quotes and colons behind white space are told apart', () => {
  const text = String.raw`{ "a\"b" : "{ \"c\": 1 }", "d":["e:", { "f"` + '\n\t: null }] }';
  expect(plainJson(text)).toEqual({ value: JSON.parse(text) });
});

test('the place of each part is found when it is asked for', () => {
  const { value, locate, syntaxErrors } = parseText('{\n  "a": [1, { "b": 2 }]\n}', 'json');
  expect({ value, syntaxErrors }).toEqual({ value: { a: [1, { b: 2 }] }, syntaxErrors: [] });
  expect(locate(['a', 1, 'b'], 'value')).toEqual({ line: 2, column: 19 });
  expect(locate(['a', 1, 'b'], 'key')).toEqual({ line: 2, column: 14 });
});
