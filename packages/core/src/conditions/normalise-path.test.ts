import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { unicodeText } from '../../../../test/support/unicode-text.ts';
import { normalisePath, otherReadings } from './normalise-path.ts';

test.each([
  ['/', '/'],
  ['', '/'],
  ['?a=/../b', '/'],
  ['*', '*'],
  ['/a/b', '/a/b'],
  ['/a?b=%41/../c', '/a'],
  ['/%61%2Fb%2fc%7e%20', '/a%2Fb%2Fc~%20'],
  ['/%zz%4', '/%25zz%254'],
  ['/100%', '/100%25'],
  ['/%%61', '/%25a'],
  ['/%2%35', '/%2525'],
  ['/a[1]|{}^`"<>', '/a%5B1%5D%7C%7B%7D%5E%60%22%3C%3E'],
  ['/a\\..\\b', '/a%5C..%5Cb'],
  ['/t\xc3\xb6', '/t%C3%B6'],
  ['/\x80', '/%80'],
  ['/%u002e%u002E/a', '/%25u002e%25u002E/a'],
  ['/%2541', '/%2541'],
  ['/a/./b/../c', '/a/c'],
  ['/a/%2e%2E/b', '/b'],
  ['/../../a', '/a'],
  ['/a/..', '/'],
  ['/a/.', '/a/'],
  ['/..', '/'],
  ['/a//b', '/a//b'],
  ['//a/', '//a/'],
  ['/a//../b', '/a/b'],
  ['/.hidden/..x/...', '/.hidden/..x/...'],
  ['/a/..;x/b', '/a/..;x/b'],
])('%s is matched as %s', (path, expected) => {
  expect(normalisePath(path)).toBe(expected);
});

/** RFC 3986 section 5.2.4, to the letter. */
function removeDotSegments(path: string): string {
  let input = path;
  let output = '';
  while (input !== '') {
    if (input.startsWith('../')) input = input.slice(3);
    else if (input.startsWith('../policy/')) input = input.slice(2);
    else if (input.startsWith('/./')) input = input.slice(2);
    else if (input === '/.') input = '/';
    else if (input.startsWith('/../') || input === '/..') {
      input = `/${input.slice(4)}`;
      output = output.slice(0, Math.max(0, output.lastIndexOf('/')));
    } else if (input === '.' || input === '..') input = '';
    else {
      const segment = /^\/?[^/]*/.exec(input)![0];
      output += segment;
      input = input.slice(segment.length);
    }
  }
  return output;
}

const paths = fc
  .array(fc.constantFrom('/', '/', '.', '..', 'a', '%2e', '%41', '%2f', '%25', '%!', '[', '\\', '\xf6'), {
    maxLength: 12,
  })
  .map((parts) => `/${parts.join('')}`);

test('removes dot segments as RFC 3986 section 5.2.4 does', () => {
  fc.assert(
    fc.property(paths, (path) => {
      const decoded = path
        .replaceAll('%!', '%25!')
        .replaceAll('%2e', '.')
        .replaceAll('%41', 'A')
        .replaceAll('%2f', '%2F')
        .replaceAll('[', '%5B')
        .replaceAll('\\', '%5C')
        .replaceAll('\xf6', '%F6');
      expect(normalisePath(path)).toBe(removeDotSegments(decoded));
    }),
    { numRuns: runs(1000) },
  );
});

test('changes nothing the second time', () => {
  fc.assert(
    fc.property(paths, (path) => {
      expect(normalisePath(normalisePath(path))).toBe(normalisePath(path));
    }),
  );
});

test('has the form that RFC 3986 gives to paths, whatever bytes came', () => {
  fc.assert(
    fc.property(unicodeText(20), (text) => {
      const latin1 = Buffer.from(text).toString('latin1');
      const path = normalisePath(`/${latin1}`);
      expect(path).toMatch(/^\/(?:[-\w.~!$&'()*+,;=:@/]|%[0-9A-F]{2})*$/);
      expect(normalisePath(path)).toBe(path);
    }),
  );
});

test.each([
  ['/a\\b', ['/a/b']],
  ['/public/..\\admin', ['/public/../admin']],
  ['/public/%u002e%u002E%u002fadmin', ['/public/%2E%2E/admin']],
  ['/%uFF0e%uff0e%uff3cadmin', ['/%2E%2E/admin']],
  ['/%u0061', ['/%61']],
  // A server may know one of the two: here only that one sees /admin.
  [
    '/a\\..\\admin\\%u002e%u002e\\a',
    ['/a/../admin/%u002e%u002e/a', '/a\\..\\admin\\%2E%2E\\a', '/a/../admin/%2E%2E/a'],
  ],
])('%s is also read as %j', (path, others) => {
  expect(otherReadings(path)).toEqual(others);
});

test.each(['/', '/a', '/100%', '/%5C', '/%u4e0a', '/%user', '/a?b=\\&c=%u0061'])('%s is read in one way', (path) => {
  expect(otherReadings(path)).toEqual([]);
});
