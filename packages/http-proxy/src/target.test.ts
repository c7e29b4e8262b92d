import * as fc from 'fast-check';
import { ProxyError } from '@inband/core';
import { expect, test } from 'vitest';
import { latin1, soup } from '../test-support/octets.ts';
import { readTarget, type TargetParts } from './target.ts';

function read(text: string, isConnect = false) {
  const octets = latin1(`\x00${text}%41`);
  const parts: TargetParts = { form: 'origin', authorityStart: 0, authorityEnd: 0, pathStart: 0, pathEnd: 0 };
  try {
    readTarget(octets, 1, 1 + text.length, isConnect, parts);
  } catch (error) {
    if (error instanceof ProxyError) return { status: error.status };
    throw error;
  }
  const cut = (start: number, end: number): string => octets.toString('latin1', start, end);
  return {
    form: parts.form,
    authority: cut(parts.authorityStart, parts.authorityEnd),
    path: cut(parts.pathStart, parts.pathEnd),
  };
}

test('the four forms are told apart and their parts found', () => {
  expect(read('/')).toEqual({ form: 'origin', authority: '', path: '/' });
  expect(read('//h/x')).toEqual({ form: 'origin', authority: '', path: '//h/x' });
  expect(read('*')).toMatchObject({ form: 'asterisk' });
  expect(read('http://h:80/a?b?c')).toEqual({ form: 'absolute', authority: 'h:80', path: '/a?b?c' });
  expect(read('HTTP://h')).toEqual({ form: 'absolute', authority: 'h', path: '' });
  expect(read('http://h?q=/x')).toEqual({ form: 'absolute', authority: 'h', path: '?q=/x' });
  expect(read('http:///x')).toEqual({ form: 'absolute', authority: '', path: '/x' });
  expect(read('h:443', true)).toMatchObject({ form: 'authority', authority: 'h:443' });
  expect(read('https://h/')).toEqual({ status: 501 });
  for (const text of ['**', '?', 'h', 'http:/h', 'http:h', 'http', 'ftp://h/', 'mailto:a@b', 'https:/h'])
    expect(read(text)).toEqual({ status: 400 });
});

test('a path holds what RFC 3986 allows, with whole escapes; a query also what browsers send', () => {
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
  );
  fc.assert(
    fc.property(bits, (octets) => {
      const text = `/${octets.toString('latin1')}`;
      const at = text.indexOf('?');
      const good = path.test(at < 0 ? text : text.slice(0, at)) && (at < 0 || query.test(text.slice(at + 1)));
      const expected = good ? { path: text } : { status: 400 };
      expect(read(text)).toMatchObject(expected);
      expect(read(`http://h${text}`)).toMatchObject(expected);
    }),
    { numRuns: 3000 },
  );
});
