import * as fc from 'fast-check';
import { ProxyError } from '@inband/core';
import { expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { latin1, soup } from '../../../test-support/bytes.ts';
import { readTarget, type TargetParts } from './target.ts';

function read(text: string, { isConnect = false, strict = false, secure = false } = {}) {
  const bytes = latin1(`\x00${text}%41`);
  let parts: Readonly<TargetParts>;
  try {
    parts = readTarget(bytes, 1, 1 + text.length, isConnect, { strict, secure });
  } catch (error) {
    if (error instanceof ProxyError) return { status: error.status };
    throw error;
  }
  const cut = (start: number, end: number): string => bytes.toString('latin1', start, end);
  return {
    form: parts.form,
    ...(parts.secure && { secure: true }),
    ...(parts.webSocket && { webSocket: true }),
    authority: cut(parts.authorityStart, parts.authorityEnd),
    path: cut(parts.pathStart, parts.pathEnd),
  };
}

test('https:// is a URL of a server that the proxy stands in for, and of a forward proxy it asks for a tunnel', () => {
  expect(read('https://h/a', { secure: true })).toEqual({ form: 'absolute', secure: true, authority: 'h', path: '/a' });
  expect(read('wss://h', { secure: true })).toMatchObject({ secure: true, webSocket: true });
  expect(read('https://h/a')).toEqual({ status: 501 });
});

test('the four forms are told apart and their parts found', () => {
  expect(read('/')).toEqual({ form: 'origin', authority: '', path: '/' });
  expect(read('//h/x')).toEqual({ form: 'origin', authority: '', path: '//h/x' });
  expect(read('*')).toMatchObject({ form: 'asterisk' });
  expect(read('http://h:80/a?b?c')).toEqual({ form: 'absolute', authority: 'h:80', path: '/a?b?c' });
  expect(read('HTTP://h')).toEqual({ form: 'absolute', authority: 'h', path: '' });
  expect(read('http://h?q=/x')).toEqual({ form: 'absolute', authority: 'h', path: '?q=/x' });
  expect(read('http:///x')).toEqual({ form: 'absolute', authority: '', path: '/x' });
  expect(read('h:443', { isConnect: true })).toMatchObject({ form: 'authority', authority: 'h:443' });
  for (const scheme of ['https', 'HTTPS', 'wss']) expect(read(`${scheme}://h/`)).toEqual({ status: 501 });
  expect(read('WS://h:1/c?d')).toEqual({ form: 'absolute', webSocket: true, authority: 'h:1', path: '/c?d' });
  expect(read('ws://h/', { strict: true })).toEqual({ status: 400 });
  for (const text of ['**', '?', 'h', 'http:/h', 'http:h', 'http', 'ftp://h/', 'mailto:a@b', 'https:/h', 'ws:/h', 'ws'])
    expect(read(text)).toEqual({ status: 400 });
});

test.each(['/a[1]/[slug].js', '/100%', '/p%zz%1', '/t\xc3\xb6', '/a|b^`{}<>"\\', '/?a="<>"[]{}|^`\\%\xff', '/\x80'])(
  '%j passes as it came; with strict it is refused',
  (text) => {
    for (const base of ['', 'http://h']) {
      expect(read(`${base}${text}`)).toMatchObject({ path: text });
      // A query may hold what browsers leave alone.
      expect(read(`${base}${text}`, { strict: true })).toEqual({ status: 400 });
    }
  },
);

test('every byte passes but SP and "#"; with strict a path holds what RFC 3986 allows, a query a little more', () => {
  const path = /^(?:[-\w.~!$&'()*+,;=:@/]|%[0-9a-fA-F]{2})*$/;
  const query = /^[-\w.~!$&'()*+,;=:@%/?[\]{}|\\^`]*$/;
  const bits = soup(
    '/',
    'a',
    '%',
    '%4',
    '41',
    '%zz',
    '?',
    '#',
    '"',
    '<',
    '{',
    '|',
    '\\',
    '[',
    '^',
    '`',
    "'",
    ':',
    '@',
    '.',
    '..',
    ' ',
    '\x7f',
    '\xe9',
    '\x80',
  );
  fc.assert(
    fc.property(bits, fc.boolean(), (bytes, strict) => {
      const text = `/${bytes.toString('latin1')}`;
      const at = text.indexOf('?');
      const byGrammar = path.test(at < 0 ? text : text.slice(0, at)) && (at < 0 || query.test(text.slice(at + 1)));
      // Controls are refused before the target is looked at.
      const good = strict ? byGrammar : !/[ #\x7f]/.test(text);
      const expected = good ? { path: text } : { status: 400 };
      expect(read(text, { strict })).toMatchObject(expected);
      expect(read(`http://h${text}`, { strict })).toMatchObject(expected);
    }),
    { numRuns: runs(3000) },
  );
});
