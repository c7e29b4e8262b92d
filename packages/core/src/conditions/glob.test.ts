import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { processorTime } from '../../../../test/support/tiers/processor-time.ts';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { compileGlob } from './glob.ts';

function matches(pattern: string, text: string): boolean {
  const glob = compileGlob(pattern);
  if (typeof glob !== 'function') throw new Error(glob.problem);
  return glob(text);
}

test.each([
  ['', '', true],
  ['', 'a', false],
  ['abc', 'abc', true],
  ['abc', 'abcd', false],
  ['*', '', true],
  ['a*', 'a', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*ab*ab*', 'aabab', true],
  ['*ab*ab*', 'aab', false],
  ['a*bc*c', 'abcc', true],
  ['a*bc*c', 'abc', false],
  ['curl/*', 'curl/8.1', true],
  ['\\*/\\*', '*/*', true],
  ['\\*/\\*', 'a/b', false],
  ['a\\\\b', 'a\\b', true],
  ['ö*', '\xc3\xb6x', true],
])('%j and the text %j: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

test.each(['a\\b', '\\', 'a\\'])('a backslash that escapes nothing is refused: %j', (pattern) => {
  expect(compileGlob(pattern)).toEqual({ problem: expect.stringContaining('write "\\\\"') });
});

/** The definition: a star is something, then the rest, or nothing. */
function isMatch(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*'))
    return isMatch(pattern.slice(1), text) || (text !== '' && isMatch(pattern, text.slice(1)));
  return text !== '' && text.startsWith(pattern.charAt(0)) && isMatch(pattern.slice(1), text.slice(1));
}

test('it matches what the definition says', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (one, other) => {
      expect(matches(one, other)).toBe(isMatch(one, other));
    }),
    { numRuns: runs(2_000) },
  );
});

test('no text makes it slow: many stars, and a text that nearly matches', () => {
  const glob = `${'*a'.repeat(2_000)}b`;
  const took = processorTime(() => expect(matches(glob, 'a'.repeat(60_000))).toBe(false));
  // An engine that goes back would take longer than there is time.
  expect(took).toBeLessThan(5_000);
});
