import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latin1 } from '../test-support/octets.ts';
import { isIdempotent, parseMethod } from './methods.ts';

function parse(text: string): string | undefined {
  const octets = latin1(` ${text} `);
  return parseMethod(octets, 1, octets.length - 1);
}

test('known methods are recognised in their own case only', () => {
  for (const name of ['GET', 'CONNECT', 'PROPFIND', 'PROPPATCH', 'QUERY', 'UNLINK']) {
    expect(parse(name)).toBe(name);
    for (const other of [
      name.toLowerCase(),
      `${name[0]}${name.slice(1).toLowerCase()}`,
      `${name.slice(0, -1)}${name.at(-1)!.toLowerCase()}`,
    ]) {
      expect(parse(other)).toBeUndefined();
    }
  }
});

test('any other token is a method, and nothing else is', () => {
  const known =
    /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK|SEARCH|REPORT|PURGE|LINK|UNLINK)$/i;
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 12 }), (text) => {
      if (known.test(text)) return;
      expect(parse(text)).toBe(/^[!#$%&'*+\-.^_`|~\w]+$/.test(text) ? text : undefined);
    }),
  );
});

test('a second try is safe where the standard says so', () => {
  expect(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'].every(isIdempotent)).toBe(true);
  expect(['POST', 'PATCH', 'CONNECT', 'LOCK', 'BREW', 'get', ''].some(isIdempotent)).toBe(false);
});
