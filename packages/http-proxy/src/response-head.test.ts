import { describe, expect, test } from 'vitest';
import { readResponse } from '../test-support/heads.ts';

function ok(head: string, method = 'GET') {
  const outcome = readResponse(`${head}\r\n\r\n`, { method });
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ kind: 'complete', rest: 0 });
  return expect((outcome as { head: unknown }).head);
}

function refused(head: string, code = 'http_protocol_error') {
  expect(readResponse(`${head}\r\n\r\n`), head).toMatchObject({ kind: 'error', code, status: 502 });
}

test('the status line', () => {
  ok('HTTP/1.1 200 OK').toMatchObject({ status: 200, reason: 'OK', minor: 1 });
  ok('HTTP/1.1 200').toMatchObject({ status: 200, reason: '' });
  ok('HTTP/1.1 200 ').toMatchObject({ status: 200, reason: '' });
  ok('HTTP/1.1 404 \xe9t\xe9 \t').toMatchObject({ status: 404, reason: '\xe9t\xe9 \t' });
  ok('HTTP/1.0 999 x').toMatchObject({ status: 999, minor: 0 });
  for (const line of [
    'HTTP/1.1 099 x',
    'HTTP/1.1 20 x',
    'HTTP/1.1 2000 x',
    'HTTP/1.1  200 x',
    'HTTP/1.1 200OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    'HTTP/1.1',
    'HTTP/1.1 ',
    '',
    'HTTP/1.1 -20 x',
    'HTTP/1.1 2e2 x',
  ]) {
    refused(line);
  }
});

describe('framing', () => {
  const cases: readonly (readonly [framing: string, head: string, method?: string])[] = [
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 5'],
    ['none', 'HTTP/1.1 200 OK\r\nContent-Length: 0'],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED'],
    ['close', 'HTTP/1.1 200 OK'],
    ['none', 'HTTP/1.1 200 OK\r\nContent-Length: 5', 'HEAD'],
    ['none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'HEAD'],
    ['none', 'HTTP/1.1 200 OK', 'HEAD'],
    ['none', 'HTTP/1.1 204 No Content\r\nContent-Length: 5'],
    ['none', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5'],
    ['none', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 5'],
    ['none', 'HTTP/1.1 100 Continue'],
  ];
  for (const [framing, head, method] of cases) {
    test(`${JSON.stringify(head)} to ${method ?? 'GET'} is ${framing}`, () =>
      ok(head, method).toMatchObject({ framing }));
  }

  test('without any length the connection is not used again', () => {
    ok('HTTP/1.1 200 OK').toMatchObject({ close: true });
    ok('HTTP/1.1 200 OK\r\nContent-Length: 1').toMatchObject({ close: false });
  });

  test('what two recipients could read differently is refused', () => {
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1');
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1,1');
    refused('HTTP/1.1 200 OK\r\nContent-Length: x');
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked');
    refused('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip', 'http_response_transfer_coding');
    refused('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked', 'http_response_transfer_coding');
    refused(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
      'http_response_transfer_coding',
    );
    refused('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked', 'http_response_transfer_coding');
  });
});

test('keeping the connection open depends on version and options, and close wins', () => {
  ok('HTTP/1.0 200 OK\r\nContent-Length: 1').toMatchObject({ close: true });
  ok('HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive').toMatchObject({ close: false });
  ok('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close').toMatchObject({ close: true });
  ok('HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: close, keep-alive').toMatchObject({ close: true });
});

test('malformed connection options are refused; Upgrade counts only with its option', () => {
  refused('HTTP/1.1 200 OK\r\nConnection: a b');
  ok('HTTP/1.1 101 x\r\nUpgrade: a').toMatchObject({ upgradeIndex: -1, interim: true });
  ok('HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade').toMatchObject({ upgradeIndex: 0 });
});

test('a Date is noticed', () => {
  ok('HTTP/1.1 200 OK\r\ndate: today').toMatchObject({ hasDate: true });
  ok('HTTP/1.1 200 OK').toMatchObject({ hasDate: false });
});
