import * as fc from 'fast-check';
import type { ServiceMode } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { readRequest, readResponse, requestHead, responseHead } from '../../../test-support/heads.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { HEAD_AT, sendBuffer } from '../send-buffer.ts';
import { writeRequestHead, writeResponseHead, type ResponseAdditions } from './serialise.ts';
import { Literal } from '../words.ts';

const via: readonly [Literal, Literal] = [new Literal('Via: 1.0 px\r\n'), new Literal('Via: 1.1 px\r\n')];
const now = new Literal('Date: now\r\n');
const date = (): Literal => now;

function request(head: RequestHead, forwarded?: string): string {
  const end = writeRequestHead(head, { via, forwarded: forwarded === undefined ? undefined : new Literal(forwarded) });
  return sendBuffer(0).toString('latin1', HEAD_AT, end);
}

function response(head: ResponseHead, add: Partial<ResponseAdditions> = {}): string {
  const end = writeResponseHead(head, { via, date, framing: head.framing, close: false, ...add });
  return sendBuffer(0).toString('latin1', HEAD_AT, end);
}

const hop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
  'http2-settings',
];
const name = fc.oneof(
  fc.stringMatching(/^X-[A-Za-z0-9!#$%&'*+.^`|~-]{1,12}$/),
  fc.constantFrom(
    'Accept',
    'cookie',
    'Authorization',
    'Keep-Alive',
    'TE',
    'Proxy-Authorization',
    'Proxy',
    'X-Forwarded-For',
    'Trailer',
    'Proxy-Connection',
    'X-Hop',
  ),
);
const value = fc.stringMatching(/^([!-~\x80-\xff]([\t -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const white = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
const fields = fc.array(fc.tuple(name, white, value, white), { maxLength: 12 });
const path = fc.stringMatching(/^\/[\w.~!$&'()*+,;=:@/-]{0,20}(\?[\w[\]{}|%^`/?]{0,20})?$/);
const framing = fc.constantFrom(
  '',
  'Content-Length: 0\r\n',
  'Content-Length: 0042\r\n',
  'Transfer-Encoding: chunked\r\n',
);

function lines(list: readonly (readonly [string, string, string, string])[]): string {
  return list.map(([key, before, text, after]) => `${key}:${before}${text}${after}\r\n`).join('');
}

function passing(list: readonly (readonly [string, string, string, string])[], stops: readonly string[]): string[][] {
  return list.filter(([key]) => !stops.includes(key.toLowerCase())).map(([key, , text]) => [key, text]);
}

describe('what is written reads back as the same message', () => {
  test('for any request', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'DELETE', 'x-y'),
        fc.constantFrom('', 'http://Example.com:81', 'http://[::1]'),
        path,
        fields,
        framing,
        fc.boolean(),
        fc.boolean(),
        (method, base, target, list, frame, options, hostFirst) => {
          const host = 'Host: example.com\r\n';
          const connection = options ? 'Connection: X-Hop, keep-alive\r\n' : '';
          const written = request(
            requestHead(
              `${method} ${base}${target} HTTP/1.1\r\n${hostFirst ? host + lines(list) : lines(list) + host}${connection}${frame}\r\n`,
            ),
          );
          const again = readRequest(written);
          const stops = [...hop, 'proxy', ...(options ? ['x-hop'] : [])];
          const authority = base === '' ? 'example.com' : base.slice(7);
          const length = /\d+/.exec(frame)?.[0];
          expect(again).toMatchObject({
            kind: 'complete',
            rest: 0,
            head: {
              method,
              url: target,
              chunked: frame.startsWith('T'),
              contentLength: length === undefined ? -1 : Number(length),
              close: false,
              fields: [
                ['Host', authority],
                ...passing(list, stops),
                ...(frame.startsWith('T') ? [['Transfer-Encoding', 'chunked']] : []),
                ...(length === undefined ? [] : [['Content-Length', String(Number(length))]]),
                ['Via', '1.1 px'],
              ],
            },
          });
        },
      ),
      { numRuns: runs(400) },
    );
  });

  test('for any response', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.stringMatching(/^[ -~\x80-\xff\t]{0,20}$/),
        fields,
        framing,
        fc.boolean(),
        (status, reason, list, frame, close) => {
          const head = responseHead(`HTTP/1.1 ${status} ${reason}\r\n${lines(list)}${frame}Date: then\r\n\r\n`);
          const written = response(head, { framing: head.framing === 'close' ? 'chunked' : head.framing, close });
          const found = readResponse(written);
          const bodiless = status === 204 || status === 304;
          const chunks = !bodiless && (frame.startsWith('T') || frame === '');
          const length = status === 204 ? undefined : /\d+/.exec(frame)?.[0];
          expect(found).toMatchObject({
            kind: 'complete',
            rest: 0,
            head: {
              status,
              reason,
              close,
              fields: [
                ...passing(list, hop),
                ['Date', 'then'],
                ...(chunks ? [['Transfer-Encoding', 'chunked']] : []),
                ...(length === undefined ? [] : [['Content-Length', String(Number(length))]]),
                ...(close ? [['Connection', 'close']] : []),
                ['Via', '1.1 px'],
              ],
            },
          });
        },
      ),
      { numRuns: runs(400) },
    );
  });
});

describe('requests', () => {
  test('say that trailers are welcome where the client says so, beside an Upgrade too', () => {
    const written = (said: string): string =>
      request(requestHead(`GET / HTTP/1.1\r\nHost: a\r\n${said}\r\n`)).slice('GET / HTTP/1.1\r\nHost: a\r\n'.length);
    const added = 'Connection: TE\r\nTE: trailers\r\nVia: 1.1 px\r\n\r\n';
    expect(written('TE: gzip, trailers\r\nConnection: TE, close\r\n')).toBe(added);
    expect(written('TE: trailers\r\n')).toBe(added);
    expect(written('TE: gzip\r\nConnection: TE\r\n')).toBe('Via: 1.1 px\r\n\r\n');
    expect(written('TE: trailers\r\nConnection: TE, Upgrade\r\nUpgrade: tcp\r\n')).toBe(
      'Connection: Upgrade, TE\r\nTE: trailers\r\nUpgrade: tcp\r\nVia: 1.1 px\r\n\r\n',
    );
  });

  test('go on with what the client wrote, but for the colon of an empty port', () => {
    const written = (head: string, mode: ServiceMode): string => request(requestHead(`${head}\r\n\r\n`, mode));
    const after = 'Via: 1.1 px\r\n\r\n';
    expect(written('patch http://h:/a[1]%\\\xf6?"<>" HTTP/1.1\r\nHost: x', 'forward')).toBe(
      `patch /a[1]%\\\xf6?"<>" HTTP/1.1\r\nHost: h\r\n${after}`,
    );
    expect(written('GET / HTTP/1.1\r\nHost: H-.test:', 'reverse')).toBe(`GET / HTTP/1.1\r\nHost: H-.test\r\n${after}`);
    expect(written('GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 1\r\na_b: 2', 'reverse')).toBe(
      `GET / HTTP/1.1\r\nHost: h\r\na_b: 2\r\n${after}`,
    );
  });

  test('an empty path becomes "/", or "*" for OPTIONS; a query alone gets its slash', () => {
    const line = (text: string): string =>
      request(requestHead(`${text} HTTP/1.1\r\nHost: a\r\n\r\n`)).split('\r\n')[0]!;
    expect(line('GET http://h')).toBe('GET / HTTP/1.1');
    expect(line('OPTIONS http://h')).toBe('OPTIONS * HTTP/1.1');
    expect(line('OPTIONS http://h/')).toBe('OPTIONS / HTTP/1.1');
    expect(line('GET http://h?q')).toBe('GET /?q HTTP/1.1');
    expect(line('OPTIONS *')).toBe('OPTIONS * HTTP/1.1');
  });

  test('from HTTP/1.0 is sent on as 1.1, with the version in Via', () => {
    expect(request(requestHead('GET / HTTP/1.0\r\nHost: h\r\nVia: 1.1 a\r\n\r\n'))).toBe(
      'GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 a\r\nVia: 1.0 px\r\n\r\n',
    );
  });

  test('what the client says of itself goes where the proxy says it', () => {
    const head = requestHead(
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: evil\r\nX-Real-IP: evil\r\nForwarded: for=evil\r\nA: b\r\n\r\n',
    );
    expect(request(head)).toContain('X-Forwarded-For: evil');
    expect(request(head, 'X-Forwarded-For: 1.2.3.4\r\n')).toBe(
      'GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nX-Forwarded-For: 1.2.3.4\r\nVia: 1.1 px\r\n\r\n',
    );
  });

  test('an upgrade is asked for anew, and hops are counted', () => {
    expect(
      request(requestHead('GET / HTTP/1.1\r\nHost: h\r\nConnection: a, upgrade\r\nUpgrade: foo, bar\r\nA: b\r\n\r\n')),
    ).toBe('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo, bar\r\nVia: 1.1 px\r\n\r\n');
    expect(request(requestHead('OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n'))).toContain(
      'Max-Forwards: 9\r\n',
    );
  });

  test('Expect goes on where it is kept, and is left out where it means nothing', () => {
    expect(
      request(requestHead('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n')),
    ).toContain('Expect: 100-continue');
    expect(
      request(requestHead('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n')),
    ).not.toContain('Expect');
  });
});

describe('responses', () => {
  test('get a Date when they have none, but interim ones do not', () => {
    expect(response(responseHead('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: now\r\nVia: 1.1 px\r\n\r\n',
    );
    expect(response(responseHead('HTTP/1.1 103 Early\r\nLink: x\r\n\r\n'))).toBe(
      'HTTP/1.1 103 Early\r\nLink: x\r\nVia: 1.1 px\r\n\r\n',
    );
  });

  test('to a client that ends with the connection carry no framing', () => {
    const head = responseHead('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: x\r\n\r\n');
    expect(response(head, { framing: 'close', close: true })).toBe(
      'HTTP/1.1 200 OK\r\nDate: x\r\nConnection: close\r\nVia: 1.1 px\r\n\r\n',
    );
  });

  test('that have no body keep a length only where it is information', () => {
    const length = (line: string, method = 'GET'): boolean =>
      response(responseHead(`${line}\r\nContent-Length: 9\r\n\r\n`, method)).includes('Content-Length: 9');
    expect(length('HTTP/1.1 304 x')).toBe(true);
    expect(length('HTTP/1.1 200 x', 'HEAD')).toBe(true);
    expect(length('HTTP/1.1 204 x')).toBe(false);
    expect(length('HTTP/1.1 102 x')).toBe(false);
  });

  test('101 names the protocol', () => {
    const head = responseHead('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: foo\r\nX: y\r\n\r\n');
    expect(response(head)).toBe(
      'HTTP/1.1 101 Go\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: foo\r\nVia: 1.1 px\r\n\r\n',
    );
  });
});

test('a head as big as any limit allows is written whole', () => {
  const big = 'b'.repeat(60_000);
  const written = request(requestHead(`GET / HTTP/1.1\r\nHost: h\r\nX:${big}\r\n\r\n`), `Forwarded: ${big}\r\n`);
  expect(written).toBe(`GET / HTTP/1.1\r\nHost: h\r\nX: ${big}\r\nForwarded: ${big}\r\nVia: 1.1 px\r\n\r\n`);
});
