import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { readRequest, readResponse, roomy } from '../../../test-support/heads.ts';
import { anyCuts, everywhere, latin1, soup } from '../../../test-support/bytes.ts';

const pieces = [
  'GET ', 'OPTIONS ', 'CONNECT ', 'get ', '/', '/a?b', '*', 'http://h/', 'h:80', ' HTTP/1.1', ' HTTP/1.0', ' HTTP/2.0', '\r\n', '\r\n', '\r\n',
  '\r', '\n', ' ', '\t', ':', ': ', 'Host: h\r\n', 'Host: h\r\n', 'X-A: 1\r\n', 'x', 'Content-Length: 3\r\n', 'Content-Length: 03\r\n', 'Transfer-Encoding: chunked\r\n',
  'Connection: close, x-a\r\n', 'Connection: host\r\n', 'Upgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'Max-Forwards: 1\r\n', 'Via: 1.1 inband\r\n',
  'X_Forwarded_For: a\r\n', 'patch ', 'CCM_GET ', 'ws://h:/', '/[%', '\xc3\xb6', '#', 'Host: -h-:\r\n', 'Host:\r\n', 'TE: trailers\r\n', 'Sec-WebSocket-Key: k\r\n', '\0', '\x7f', '\xe9', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.0 204\r\n', 'HTTP/1.1 101 x\r\n',
]; // prettier-ignore

const request = soup(...pieces).map((rest) =>
  Buffer.concat([latin1('GET / HTTP/1.1\r\nHost: h\r\n'), rest, latin1('\r\n\r\n')]),
);
const response = soup(...pieces).map((rest) =>
  Buffer.concat([latin1('HTTP/1.1 200 OK\r\n'), rest, latin1('\r\n\r\n')]),
);
const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

describe('the verdict on a head', () => {
  test('never depends on how its bytes arrive', () => {
    fc.assert(
      fc.property(fc.oneof(soup(...pieces), request, anything), fc.boolean(), anyCuts, (bytes, strict, cuts) => {
        const whole = readRequest(bytes, { strict });
        expect(readRequest(bytes, { strict, cuts })).toEqual(whole);
        expect(readRequest(bytes, { strict, cuts: everywhere })).toEqual(whole);
      }),
      { numRuns: runs(1500) },
    );
    fc.assert(
      fc.property(fc.oneof(soup(...pieces), response, anything), anyCuts, (bytes, cuts) => {
        const whole = readResponse(bytes);
        expect(readResponse(bytes, { cuts })).toEqual(whole);
        expect(readResponse(bytes, { cuts: everywhere })).toEqual(whole);
      }),
      { numRuns: runs(1500) },
    );
  });

  test('never depends on how its bytes arrive at any limit either', () => {
    const limits = fc.record({
      startLine: fc.integer({ min: 0, max: 40 }),
      bytes: fc.integer({ min: 0, max: 120 }),
      fields: fc.nat(5),
      strict: fc.boolean(),
    });
    fc.assert(
      fc.property(request, limits, anyCuts, (bytes, tight, cuts) => {
        const { strict } = tight;
        const whole = readRequest(bytes, { limits: tight, strict });
        expect(readRequest(bytes, { limits: tight, strict, cuts })).toEqual(whole);
        expect(readRequest(bytes, { limits: tight, strict, cuts: everywhere })).toEqual(whole);
      }),
      { numRuns: runs(1500) },
    );
  });

  test('is with strict the same or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(soup(...pieces), request), (bytes) => {
        const strictly = readRequest(bytes, { strict: true });
        if (strictly.kind === 'complete') expect(readRequest(bytes)).toEqual(strictly);
      }),
      { numRuns: runs(1500) },
    );
  });

  test('is never an error other than a ProxyError, whatever the bytes', () => {
    fc.assert(
      fc.property(anything, (bytes) => ['more', 'fault', 'error', 'complete'].includes(readRequest(bytes).kind)),
    );
    fc.assert(
      fc.property(anything, (bytes) => ['more', 'fault', 'error', 'complete'].includes(readResponse(bytes).kind)),
    );
  });

  test('agrees with a grammar of lines about any bytes behind a start line', () => {
    // RFC 9112 section 5: field-line CRLF, with OWS about the value, up to an empty line.
    const line =
      /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*$/;
    const bits = soup(
      'X',
      'a',
      '-',
      ':',
      ': ',
      ' ',
      '\t',
      '\r\n',
      '\r\n',
      '\r',
      '\n',
      '\0',
      '\x7f',
      '\xff',
      'b c',
      '"',
      '(',
    );
    fc.assert(
      fc.property(bits, (bytes) => {
        const sections = bytes.toString('latin1');
        const end = sections === '\r\n' || sections.startsWith('\r\n') ? 0 : sections.indexOf('\r\n\r\n');
        const outcome = readResponse(Buffer.concat([latin1('HTTP/1.1 200 OK\r\n'), bytes]), { strict: true });
        const lines = end === 0 ? [] : sections.slice(0, end === -1 ? undefined : end).split('\r\n');
        const fields = lines.map((text) => line.exec(text)?.slice(1));
        if (end >= 0 && fields.every((field) => field !== undefined))
          expect(outcome).toMatchObject({ kind: 'complete', head: { fields } });
        else if (end >= 0) expect(outcome).toMatchObject({ kind: 'fault' });
        else expect(outcome.kind).not.toBe('complete');
      }),
      { numRuns: runs(3000) },
    );
  });
});

describe('limits are met exactly', () => {
  const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;

  test('of the start line', () => {
    const head = get('/abc');
    const startLine = head.indexOf('\r');
    expect(readRequest(head, { limits: { ...roomy, startLine } })).toMatchObject({ kind: 'complete' });
    expect(readRequest(head, { limits: { ...roomy, startLine: startLine - 1 } })).toEqual({
      kind: 'fault',
      fault: 'start-line-too-long',
    });
    expect(readRequest(`\r\n\r\n${head}`, { limits: { ...roomy, startLine } })).toMatchObject({ kind: 'complete' });
  });

  test('of the whole head', () => {
    const head = get('/', 'X-A: 1\r\n');
    const bytes = head.length;
    expect(readRequest(head, { limits: { ...roomy, bytes } })).toMatchObject({ kind: 'complete' });
    expect(readRequest(`${head}body`, { limits: { ...roomy, bytes } })).toMatchObject({ kind: 'complete', rest: 4 });
    for (let less = 1; less <= 8; less++) {
      expect(readRequest(head, { limits: { ...roomy, bytes: bytes - less } })).toEqual({
        kind: 'fault',
        fault: 'head-too-big',
      });
    }
    expect(readRequest(head.slice(0, -1), { limits: { ...roomy, bytes: bytes - 1 } })).toEqual({ kind: 'more' });
  });

  test('of the number of fields', () => {
    const head = get('/', 'X: 1\r\n'.repeat(99));
    expect(readRequest(head, { limits: { ...roomy, fields: 100 } })).toMatchObject({ kind: 'complete' });
    expect(readRequest(head, { limits: { ...roomy, fields: 99 } })).toEqual({
      kind: 'fault',
      fault: 'too-many-fields',
    });
  });

  test('of empty lines before a request', () => {
    const head = get('/');
    expect(readRequest(`\r\n\r\n${head}`)).toMatchObject({ kind: 'complete' });
    expect(readRequest(`\r\n\r\n\r\n${head}`)).toEqual({ kind: 'fault', fault: 'empty-lines' });
    const answer = 'HTTP/1.1 200 OK\r\n\r\n';
    expect(readResponse(`\r\n${answer}`, { strict: true })).toEqual({ kind: 'fault', fault: 'empty-lines' });
    expect(readResponse(`\r\n\n${answer}`)).toMatchObject({ kind: 'complete' });
    expect(readResponse(`\r\n\n\r\n${answer}`)).toEqual({ kind: 'fault', fault: 'empty-lines' });
  });

  test('a table of fields that has to grow keeps what it holds', () => {
    const names = Array.from({ length: 200 }, (_, index) => [`X-${index}`, String(index)]);
    const head = `HTTP/1.1 200 OK\r\n${names.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    for (const cuts of [[], everywhere] as const)
      expect(readResponse(head, { cuts })).toMatchObject({ head: { fields: names } });
  });
});

describe('a fault of a head', () => {
  const cases: Record<string, readonly string[]> = {
    'line-end': ['GET / HTTP/1.1\n', 'GET / HTTP/1.1\rX', 'GET /\0 HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nA: b\n', 'GET / HTTP/1.1\r\nA: b\rX', 'GET / HTTP/1.1\r\nA: b\r\n\rX', '\rX', '\n'],
    'field-name': ['GET / HTTP/1.1\r\n: b\r\n', 'GET / HTTP/1.1\r\nA : b\r\n', 'GET / HTTP/1.1\r\nA\r\n', 'GET / HTTP/1.1\r\nA@: b\r\n', 'GET / HTTP/1.1\r\n\xe9: b\r\n', 'GET / HTTP/1.1\r\n\0'],
    'field-value': ['GET / HTTP/1.1\r\nA: b\0\r\n', 'GET / HTTP/1.1\r\nA: \x0b\r\n', 'GET / HTTP/1.1\r\nA: \x7f\r\n'],
    'folded-line': ['GET / HTTP/1.1\r\nA: b\r\n c\r\n', 'GET / HTTP/1.1\r\nA: b\r\n\tc\r\n', 'GET / HTTP/1.1\r\n Host: h\r\n'],
    // Without strict such a field is left out.
    'field-alias': ['GET / HTTP/1.1\r\nX_Forwarded_For: 1\r\n', 'GET / HTTP/1.1\r\nContent_Length: 1\r\n', 'GET / HTTP/1.1\r\ntransfer_ENCODING: 1\r\n', 'GET / HTTP/1.1\r\nX-Real_IP: 1\r\n', 'GET / HTTP/1.1\r\nX.Real.IP: 1\r\n'],
  }; // prettier-ignore
  for (const [fault, heads] of Object.entries(cases)) {
    test(`is called ${fault} with every example of it, however it is cut`, () => {
      for (const head of heads)
        for (const cuts of [[], everywhere] as const)
          for (const strict of fault === 'field-alias' ? [true] : [false, true])
            expect(readRequest(head, { strict, cuts }), JSON.stringify(head)).toEqual({ kind: 'fault', fault });
    });
  }

  test('is not a name with "_" that is nobody else\'s', () => {
    expect(readRequest('GET / HTTP/1.1\r\nHost: h\r\nX_Trace: 1\r\n_: 2\r\n\r\n')).toMatchObject({ kind: 'complete' });
  });
});
