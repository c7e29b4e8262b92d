import { expect, test } from 'vitest';
import { matchesPath, readPathPattern } from './path-pattern.ts';

test.each([
  ['/', '/'],
  ['/api/', '/api/'],
  ['/a%2fb', '/a%2Fb'],
  ['/a b[1]|', '/a%20b%5B1%5D%7C'],
  ['/100%', '/100%25'],
  ['/ö', '/%C3%B6'],
  ['/.well-known/', '/.well-known/'],
  ['/a;b=c,d', '/a;b=c,d'],
  ['/api/*', '/api/'],
  ['/*', '/'],
  ['*', ''],
])('%s is compared as %s', (path, prefix) => {
  expect(readPathPattern(path)).toEqual({ prefix, glob: undefined });
});

test.each([
  ['api', 'must begin with a slash'],
  ['', 'must begin with a slash'],
  ['/a?b', 'have no query'],
  ['/a/../*', 'write "/*".'],
  ['*/./b', 'write "*/b".'],
  ['*?x=1', 'have no query'],
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
  expect(readPathPattern(path)).toEqual({ problem: expect.stringContaining(remedy) });
});

test.each([
  ['/a*b/c', '/ab/c', true],
  ['/a*b/c', '/axx/yb/c', true],
  ['/a*b/c', '/ab/cd', false],
  ['*.exe', '/dir/setup.exe', true],
  ['*.exe', '/setup.exe/', false],
  ['/*/users/*', '/v1/users/', true],
  ['/*/users/*', '/users/', false],
  ['/a**b', '/a/b', true],
  ['/ö*ö', '/%C3%B6%C3%B6', true],
  ['/%2A*x', '/%2Ax', true],
])('with a star, %s is for whole paths: %s', (pattern, path, expected) => {
  const read = readPathPattern(pattern);
  expect('prefix' in read && matchesPath(read, path)).toBe(expected);
});

test('for comparison in lower case, escapes too', () => {
  expect(readPathPattern('/Admin%2FX', true)).toEqual({ prefix: '/admin%2fx', glob: undefined });
});
