import { expect, test } from 'vitest';
import { readPathPrefix } from './path-prefix.ts';

test.each([
  ['/', '/'],
  ['/api/', '/api/'],
  ['/a%2fb', '/a%2Fb'],
  ['/a b[1]|', '/a%20b%5B1%5D%7C'],
  ['/100%', '/100%25'],
  ['/ö', '/%C3%B6'],
  ['/.well-known/', '/.well-known/'],
  ['/a;b=c,d', '/a;b=c,d'],
])('%s is compared as %s', (path, prefix) => {
  expect(readPathPrefix(path)).toEqual({ prefix });
});

test.each([
  ['api', 'must begin with a slash'],
  ['', 'must begin with a slash'],
  ['/a?b', 'have no query'],
  ['/api/*', 'write "/api/".'],
  ['/*', 'write "/".'],
  ['/a*b/c', 'write "/a".'],
  ['/%61pi', 'write "/api".'],
  ['/a%2Dz', 'write "/a-z".'],
  ['/a/../b', 'write "/b".'],
  ['/a/./b/', 'write "/a/b/".'],
  ['/a/..', 'write "/".'],
  ['//', 'write "/".'],
  ['/a//b', 'write "/a/b".'],
  ['/a/%2e%2e//b', 'write "/b".'],
  ['/a\\b', 'write "/", or "%5C"'],
])('%s is refused with the remedy', (path, remedy) => {
  expect(readPathPrefix(path)).toEqual({ problem: expect.stringContaining(remedy) });
});
