import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalisePath } from './normalise-path.ts';

test.each([
  ['/', '/'],
  ['', '/'],
  ['?a=/../b', '/'],
  ['*', '*'],
  ['/a/b', '/a/b'],
  ['/a?b=%41/../c', '/a'],
  ['/%61%2Fb%2fc%7e%20', '/a%2Fb%2Fc~%20'],
  ['/%zz%4', '/%zz%4'],
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
    else if (input.startsWith('./')) input = input.slice(2);
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
  .array(fc.constantFrom('/', '/', '.', '..', 'a', '%2e', '%41', '%2f', '%25'), { maxLength: 12 })
  .map((parts) => `/${parts.join('')}`);

test('removes dot segments as RFC 3986 section 5.2.4 does', () => {
  fc.assert(
    fc.property(paths, (path) => {
      const decoded = path.replaceAll('%2e', '.').replaceAll('%41', 'A').replaceAll('%2f', '%2F');
      expect(normalisePath(path)).toBe(removeDotSegments(decoded));
    }),
    { numRuns: 1000 },
  );
});

test('changes nothing the second time', () => {
  fc.assert(
    fc.property(paths, (path) => {
      expect(normalisePath(normalisePath(path))).toBe(normalisePath(path));
    }),
  );
});
