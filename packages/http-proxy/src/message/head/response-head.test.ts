import { describe, expect, test } from 'vitest';
import { readResponse } from '../../../test-support/heads.ts';

function ok(head: string, method = 'GET') {
  const outcome = readResponse(`${head}\r\n\r\n`, { method });
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ kind: 'complete', rest: 0 });
  return expect((outcome as { head: unknown }).head);
}

/** With defaults too. */
function refused(head: string, code = 'http_protocol_error') {
  for (const strict of [true, false]) {
    expect(readResponse(`${head}\r\n\r\n`, { strict }), head).toMatchObject({ kind: 'error', code, status: 502 });
  }
}

/** Refused by `http.strict`; with defaults understood, and said so. */
function mended(repaired: string, head: string, method = 'GET', code = 'http_protocol_error') {
  const bytes = `${head}\r\n\r\n`;
  expect(readResponse(bytes, { method, strict: true }), head).toMatchObject({ kind: 'error', code, status: 502 });
  const outcome = readResponse(bytes, { method });
  expect(outcome, head).toMatchObject({ kind: 'complete', rest: 0, head: { repaired: repaired.split(' ') } });
  return expect((outcome as { head: unknown }).head);
}

test('the status line has a version, a status of three digits and perhaps a reason', () => {
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
    for (const length of [
      '',
      'x',
      '-1',
      '+1',
      '1 2',
      '1,2',
      '1,',
      ',1',
      '1,,1',
      '1;1',
      '99999999999999999999',
      '0x1',
    ]) {
      refused(`HTTP/1.1 200 OK\r\nContent-Length: ${length}`);
      refused(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: ${length}`);
    }
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2');
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\nContent-Length: 2');
    refused('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2');
    for (const coding of [
      '',
      'gzip',
      'gzip, chunked',
      'chunked, gzip',
      'chunked,',
      ',chunked',
      'chunked;a=b',
      '"chunked"',
      'xchunked',
      'identity, chunked',
      'chunked, identity',
      'chunked chunked',
    ])
      // prettier-ignore
      refused(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}`, 'http_response_transfer_coding');
    const coding = 'Transfer-Encoding:';
    for (const other of ['identity', 'gzip'])
      for (const two of [`${coding} chunked\r\n${coding} ${other}`, `${coding} ${other}\r\n${coding} chunked`])
        refused(`HTTP/1.1 200 OK\r\n${two}`, 'http_response_transfer_coding');
  });

  test('the same length again is as good as once', () => {
    const once = { framing: 'length', contentLength: 5, close: false };
    mended('repeated-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5').toMatchObject(once);
    mended('repeated-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5,5').toMatchObject(once);
    mended('repeated-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5 ,\t5, 05').toMatchObject(once);
    mended('repeated-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5').toMatchObject(once);
  });

  test('chunks count for more than a length, and chunked is not undone twice', () => {
    const coding = 'http_response_transfer_coding';
    const chunks = { framing: 'chunked', contentLength: -1 };
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked';
    mended('length-beside-chunked', `${head}\r\nContent-Length: 5`).toMatchObject(chunks);
    mended('repeated-length length-beside-chunked', `HTTP/1.1 200 OK\r\nContent-Length: 5,5\r\n${head.slice(17)}`);
    mended('repeated-chunked', `${head}\r\ntransfer-encoding: Chunked`, 'GET', coding).toMatchObject(chunks);
    mended('repeated-chunked', `${head}, chunked`, 'GET', coding).toMatchObject(chunks);
    const old = mended('chunks-in-http-1.0', `HTTP/1.0 200 OK\r\n${head.slice(17)}`, 'GET', coding);
    old.toMatchObject(chunks);
  });

  test('identity is no coding', () => {
    const coding = 'http_response_transfer_coding';
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity';
    mended('identity', head, 'GET', coding).toMatchObject({ framing: 'close', close: true });
    mended('identity', `${head}\r\nContent-Length: 5`, 'GET', coding).toMatchObject({ framing: 'length' });
  });

  test('is of no consequence where there is no body, and what would be wrong is not told', () => {
    const none = { framing: 'none', contentLength: -1 };
    for (const [head, method] of [
      ['HTTP/1.1 200 OK', 'HEAD'],
      ['HTTP/1.1 304 Not Modified', 'GET'],
      ['HTTP/1.1 204 No Content', 'GET'],
      ['HTTP/1.1 103 Early Hints', 'GET'],
    ] as const) {
      for (const length of ['x', '-1', '1,2', '1\r\nContent-Length: 2', '2\r\nContent-Length: x\r\nContent-Length: 2'])
        mended('framing-without-body', `${head}\r\nContent-Length: ${length}`, method).toMatchObject(none);
      const gzip = `${head}\r\nTransfer-Encoding: gzip`;
      mended('framing-without-body', gzip, method, 'http_response_transfer_coding').toMatchObject(none);
    }
    mended('length-beside-chunked', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked', 'HEAD');
    const hasBody = ['framing-without-body'];
    ok('HTTP/1.1 204 No Content\r\nContent-Length: 5').toMatchObject({ framing: 'none', repaired: hasBody });
    ok('HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked').toMatchObject({ framing: 'none', repaired: hasBody });
    ok('HTTP/1.1 204 No Content\r\nContent-Length: 0').toMatchObject({ framing: 'none', repaired: [] });
    ok('HTTP/1.1 304 Not Modified\r\nContent-Length: 5').toMatchObject({ contentLength: 5, repaired: [] });
    ok('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'HEAD').toMatchObject({ framing: 'none', repaired: [] });
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
  ok('HTTP/1.1 200 x\r\nUpgrade: a').toMatchObject({ upgradeIndex: -1, repaired: [] });
  const switched = 'HTTP/1.1 101 x\r\nUpgrade: a';
  expect(readResponse(`${switched}\r\n\r\n`, { strict: true })).toMatchObject({ head: { upgradeIndex: -1 } });
  const repaired = ['upgrade-without-connection'];
  ok(switched).toMatchObject({ upgradeIndex: 0, interim: true, repaired });
  ok(`${switched}\r\nConnection: keep-alive`).toMatchObject({ upgradeIndex: 0, repaired });
  ok(`${switched}\r\nUpgrade: b`).toMatchObject({ upgradeIndex: -1, repaired: [] });
  ok('HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade').toMatchObject({ upgradeIndex: 0 });
});

test('a Date is noticed', () => {
  ok('HTTP/1.1 200 OK\r\ndate: today').toMatchObject({ hasDate: true });
  ok('HTTP/1.1 200 OK').toMatchObject({ hasDate: false });
});
