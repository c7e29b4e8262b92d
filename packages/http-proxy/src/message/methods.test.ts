import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latin1 } from '../../test-support/bytes.ts';
import { isIdempotent, parseMethod } from './methods.ts';

function parse(text: string, strict = false): string | undefined {
  const bytes = latin1(` ${text} `);
  return parseMethod(bytes, 1, bytes.length - 1, strict);
}

const standard = 'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' ');

test('a known method in another case is a method of its own; with strict it is refused', () => {
  for (const name of ['GET', 'POST', 'PATCH', 'PROPFIND', 'PROPPATCH', 'QUERY', 'UNLINK']) {
    expect([parse(name), parse(name, true)]).toEqual([name, name]);
    for (const other of otherCases(name)) expect([parse(other), parse(other, true)]).toEqual([other, undefined]);
  }
});

test('HEAD, CONNECT and TRACE in another case are refused, because a server that folds case would frame otherwise', () => {
  for (const name of ['HEAD', 'CONNECT', 'TRACE']) {
    expect([parse(name), parse(name, true)]).toEqual([name, name]);
    for (const other of otherCases(name)) expect([parse(other), parse(other, true)]).toEqual([undefined, undefined]);
  }
});

function otherCases(name: string): string[] {
  const lower = name.toLowerCase();
  return [lower, `${name[0]}${lower.slice(1)}`, `${name.slice(0, -1)}${lower.at(-1)}`];
}

test('a standard method with letters or digits glued to its front is refused, unless it is one that exists', () => {
  for (const name of standard) {
    for (const glued of [`x${name}`, `0${name}`, `Z${name}`, `{}a${name}`, `${name}${name}`]) {
      expect([parse(glued), parse(glued, true)], glued).toEqual([undefined, undefined]);
    }
    for (const separated of [`CCM_${name}`, `X-${name}`, `a.${name}`]) {
      expect([parse(separated), parse(separated, true)], separated).toEqual([separated, undefined]);
    }
  }
  for (const known of ['PROPPATCH', 'BDELETE']) expect([parse(known), parse(known, true)]).toEqual([known, known]);
  for (const known of ['ORDERPATCH', 'BPROPPATCH']) expect(parse(known)).toBe(known);
});

test('PRI is refused, because it begins the preface of HTTP/2 and is nobody’s method', () => {
  expect([parse('PRI'), parse('PRI', true)]).toEqual([undefined, undefined]);
  for (const other of ['PRIVATE', 'pri', 'PR']) expect(parse(other)).toBe(other);
});

test('what clients of SCCM, BITS, SSTP, RPC over HTTP, WebDAV and UPnP ask with passes', () => {
  const methods =
    'CCM_POST CCM_GET BITS_POST SSTP_DUPLEX_POST RPC_IN_DATA RPC_CONNECT MKCALENDAR VERSION-CONTROL M-SEARCH M-POST NOTIFY POLL BPROPFIND X-MS-ENUMATTS LIST GET_SETTINGS PURGE';
  for (const method of methods.split(' ')) expect(parse(method)).toBe(method);
});

test('any other token is a method, and nothing else is', () => {
  const known =
    /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK|SEARCH|REPORT|PURGE|LINK|UNLINK)$/i;
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 12 }), fc.boolean(), (text, strict) => {
      if (known.test(text) || text === 'PRI') return;
      expect(parse(text, strict)).toBe(/^[!#$%&'*+\-.^_`|~\w]+$/.test(text) ? text : undefined);
    }),
  );
});

test('a second try is safe where the standard says so', () => {
  expect(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'].every(isIdempotent)).toBe(true);
  expect(['POST', 'PATCH', 'CONNECT', 'LOCK', 'BREW', 'get', ''].some(isIdempotent)).toBe(false);
});
