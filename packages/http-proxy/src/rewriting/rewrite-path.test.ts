import { normalisePath } from '@inband/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewritePath } from './rewrite-path.ts';

const rewrite = (written: string, from = '/api/', to = '/v1/'): string =>
  rewritePath(written, { from, to }, 'services.web.routes[0].rewrite');

test.each([
  ['/api/', '/v1/'],
  ['/api/users?a=/api/&b=..', '/v1/users?a=/api/&b=..'],
  ['/x/../api/a', '/v1/a'],
  ['/%61pi/%7ea%2fb', '/v1/~a%2Fb'],
  ['/api//a', '/v1//a'],
  ['/api/a..b/.c', '/v1/a..b/.c'],
  ['/api/100%25/a%252fb', '/v1/100%25/a%252fb'],
])('%s is sent as %s', (written, sent) => {
  expect(rewrite(written)).toBe(sent);
});

test('a prefix may end within a segment, and be taken away', () => {
  expect(rewrite('/apis/a', '/api', '/v1')).toBe('/v1s/a');
  expect(rewrite('/api/a', '/api/', '/')).toBe('/a');
  expect(rewrite('/a', '/', '/shop/')).toBe('/shop/a');
});

test.each([
  ['/api/..%2fadmin'],
  ['/api/a/..%2F..%5c'],
  ['/api/..;/admin'],
  ['/api/..;a=b/x'],
  ['/api/..\\admin'],
  ['/api/.%2e%5cadmin'],
  ['/api/a%2F..'],
  ['/api/%252e%252e/admin'],
  ['/api/..%25252fadmin'],
  ['/api/%25%32e./admin'],
])('%s is refused, because some servers would leave the prefix', (written) => {
  expect(() => rewrite(written)).toThrow('The path cannot be rewritten');
});

test('what follows a prefix makes neither dot segments with it nor another authority', () => {
  expect(() => rewrite('/a./x', '/a', '/.')).toThrow('cannot be rewritten');
  expect(() => rewrite('/api//evil.example/', '/api/', '/')).toThrow('cannot be rewritten');
});

test('whatever is asked for, what is sent is below the prefix, also as other servers read it', () => {
  const parts = fc.constantFrom(
    '/',
    '.',
    '..',
    'a',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    ';',
    '%25',
    '%3b',
    'api',
    '?',
    '\xf6',
    '%',
  );
  const paths = fc.array(parts, { maxLength: 12 }).map((list) => `/api/${list.join('')}`);
  fc.assert(
    fc.property(paths, (written) => {
      fc.pre(normalisePath(written).startsWith('/api/'));
      let sent: string;
      try {
        sent = rewrite(written);
      } catch {
        return;
      }
      const [path = ''] = sent.split('?');
      const otherwise = path
        .replaceAll(/%2f|%5c|\\/gi, '/')
        .replaceAll(/;[^/]*/g, '')
        .replaceAll('%2e', '.');
      expect(normalisePath(path)).toBe(path);
      expect(normalisePath(otherwise).startsWith('/v1/') || otherwise === '/v1/').toBe(true);
    }),
  );
});
