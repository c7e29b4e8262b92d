import { describe, expect, test } from 'vitest';
import { readRequest, roomy } from '../../../test-support/heads.ts';
import { readConnectionFields } from './connection-field.ts';
import { Field } from '../field-names.ts';
import { HeadReader } from '../parser/head-reader.ts';
import { RequestHead } from './request-head.ts';
import { requestFault } from './faults.ts';
import type { HeadFault } from '../parser/head-parser.ts';
import type { ServiceMode } from '@inband/core';

function ok(line: string, fields = '', mode: ServiceMode = 'reverse', host = 'Host: example.com\r\n', strict = false) {
  const outcome = readRequest(`${line}\r\n${host}${fields}\r\n`, { mode, strict });
  expect(outcome, JSON.stringify(outcome)).toMatchObject({ kind: 'complete', rest: 0 });
  return expect((outcome as { head: unknown }).head);
}

function refused(
  status: number,
  line: string,
  fields = '',
  mode: ServiceMode = 'reverse',
  host = 'Host: example.com\r\n',
) {
  for (const strict of [false, true]) refusedBy(strict, status, line, fields, mode, host);
}

function refusedBy(strict: boolean, status: number, line: string, fields: string, mode: ServiceMode, host: string) {
  const outcome = readRequest(`${line}\r\n${host}${fields}\r\n`, { mode, strict });
  const found = outcome.kind === 'fault' ? requestFault(outcome.fault as HeadFault).status : outcome;
  expect(typeof found === 'number' ? { status: found } : found, `${line} ${fields}`).toMatchObject({
    ...(typeof found !== 'number' && { kind: 'error' }),
    status,
  });
}

/** What passes with defaults, and is refused with `http.strict`. */
function lax(line: string, fields = '', mode: ServiceMode = 'reverse', host = 'Host: example.com\r\n') {
  refusedBy(true, 400, line, fields, mode, host);
  return ok(line, fields, mode, host);
}

describe('the request line', () => {
  test('is method, target and version with one space between', () => {
    ok('GET /a?b HTTP/1.1').toMatchObject({ method: 'GET', url: '/a?b', form: 'origin', minor: 1 });
    for (const line of [
      'GET',
      'GET /',
      'GET  / HTTP/1.1',
      'GET /  HTTP/1.1',
      ' GET / HTTP/1.1',
      'GET / HTTP/1.1 ',
      'GET / a HTTP/1.1',
      'GET /\tHTTP/1.1',
    ]) {
      expect(readRequest(`${line}\r\nHost: h\r\n\r\n`)).not.toMatchObject({ kind: 'complete' });
    }
  });

  test('any minor version of HTTP/1 is understood, another major version is 505, anything else 400', () => {
    ok('GET / HTTP/1.9').toMatchObject({ minor: 1, close: false });
    ok('GET / HTTP/1.0').toMatchObject({ minor: 0, close: true });
    refused(505, 'GET / HTTP/2.0');
    refused(505, 'GET / HTTP/0.9');
    for (const version of [
      'http/1.1',
      'HTTP/1',
      'HTTP/11',
      'HTTP/1.10',
      'HTTP/1,1',
      'HTTP/+1.1',
      'HTTP/a.1',
      'HTTPS/1.1',
      'HTTP/1.x',
    ])
      refused(400, `GET / ${version}`);
  });

  test('a method is a token, and passes in the case that it has', () => {
    lax('patch / HTTP/1.1').toMatchObject({ method: 'patch' });
    lax('CCM_POST / HTTP/1.1').toMatchObject({ method: 'CCM_POST' });
    ok("!#$%&'*+-.^_`|~ / HTTP/1.1").toMatchObject({ method: "!#$%&'*+-.^_`|~" });
    for (const line of [
      'head / HTTP/1.1',
      'Connect h:80 HTTP/1.1',
      'trace / HTTP/1.1',
      'xGET / HTTP/1.1',
      'g\xc3\xa9t / HTTP/1.1',
      'G@T / HTTP/1.1',
      'G"T / HTTP/1.1',
      'G/T / HTTP/1.1',
    ])
      refused(400, line);
  });
});

describe('forms of the target', () => {
  test('each is for its modes and methods', () => {
    ok('GET http://Example.COM:8080/x HTTP/1.1', '', 'forward').toMatchObject({
      form: 'absolute',
      authority: { host: 'example.com', port: 8080 },
    });
    ok('GET http://example.com HTTP/1.1', '', 'reverse').toMatchObject({ form: 'absolute' });
    ok('CONNECT example.com:443 HTTP/1.1', '', 'forward').toMatchObject({
      form: 'authority',
      authority: { target: { host: 'example.com', port: 443 } },
    });
    ok('OPTIONS * HTTP/1.1', '', 'forward').toMatchObject({ form: 'asterisk' });
    refused(400, 'GET / HTTP/1.1', '', 'forward');
    refused(405, 'CONNECT example.com:443 HTTP/1.1', '', 'reverse');
    refused(405, 'CONNECT example.com:443 HTTP/1.1', '', 'transparent');
    refused(400, 'GET * HTTP/1.1');
    refused(400, 'CONNECT example.com HTTP/1.1', '', 'forward');
    refused(400, 'CONNECT http://example.com:443/ HTTP/1.1', '', 'forward');
    refused(400, 'CONNECT / HTTP/1.1', '', 'forward');
    refused(501, 'GET https://example.com/ HTTP/1.1', '', 'forward');
    refused(400, 'GET ftp://example.com/ HTTP/1.1', '', 'forward');
    refused(400, 'GET example.com HTTP/1.1', '', 'forward');
  });

  test('a path and a query hold every byte but controls, space and "#"', () => {
    for (const target of ['/a[1]', '/100%', '/t\xc3\xb6', '/?q="<x>"']) {
      lax(`GET ${target} HTTP/1.1`).toMatchObject({ url: target });
      lax(`GET http://h${target} HTTP/1.1`, '', 'forward').toMatchObject({ url: `http://h${target}` });
    }
    for (let byte = 0; byte <= 0x20; byte++) {
      if (byte === 0x0d) continue;
      refused(400, `GET /a${String.fromCharCode(byte)}b HTTP/1.1`);
    }
    for (const byte of ['\x7f', '#']) refused(400, `GET /a${byte}b HTTP/1.1`);
    for (const byte of ['\xc3\xb6', '\\', '"', '[']) refused(400, `GET http://h${byte}/ HTTP/1.1`, '', 'forward');
  });

  test('an empty port is the default one, but for CONNECT, and is not written', () => {
    lax('GET http://h:/ HTTP/1.1', '', 'forward', 'Host: h:\r\n').toMatchObject({
      authority: { host: 'h', port: undefined, target: { host: 'h', port: 80 } },
    });
    lax('GET / HTTP/1.1', '', 'reverse', 'Host: h:\r\n').toMatchObject({ authority: { host: 'h', port: undefined } });
    refused(400, 'CONNECT h: HTTP/1.1', '', 'forward');
    refused(400, 'GET http://:/ HTTP/1.1', '', 'forward');
  });

  test('ws: is http: where an Upgrade to websocket is asked for, and refused elsewhere', () => {
    const key = 'Sec-WebSocket-Key: abc\r\n';
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`;
    lax('GET ws://a.example:81/c HTTP/1.1', upgrade, 'forward').toMatchObject({
      form: 'absolute',
      authority: { host: 'a.example', port: 81 },
      upgradeIndex: 2,
    });
    for (const fields of [
      '',
      `Upgrade: websocket\r\n${key}`,
      'Connection: Upgrade\r\nUpgrade: other\r\n',
      `Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n${key}`,
    ])
      refused(400, 'GET ws://a.example/c HTTP/1.1', fields, 'forward');
    refused(400, 'GET ws://a.example/c HTTP/1.0', upgrade, 'forward');
    refused(501, 'GET wss://a.example/c HTTP/1.1', upgrade, 'forward');
  });

  test('CONNECT needs no Host, and an absolute target makes an empty one irrelevant', () => {
    lax('CONNECT h:443 HTTP/1.1', '', 'forward', '').toMatchObject({ authority: { host: 'h' } });
    lax('CONNECT h:443 HTTP/1.1', '', 'forward', 'Host:\r\n').toMatchObject({ authority: { host: 'h' } });
    lax('GET http://h/ HTTP/1.1', '', 'forward', 'Host: \r\n').toMatchObject({ authority: { host: 'h' } });
    refused(400, 'CONNECT h:443 HTTP/1.1', '', 'forward', 'Host: a b\r\n');
  });

  test('HTTP/1.0 needs no Host where the operator chooses the server', () => {
    for (const host of ['', 'Host:\r\n']) {
      lax('GET / HTTP/1.0', '', 'reverse', host).toMatchObject({ authority: { host: '', port: undefined } });
      refused(400, 'GET / HTTP/1.0', '', 'transparent', host);
    }
    refused(400, 'GET / HTTP/1.0', '', 'reverse', 'Host: a b\r\n');
  });

  test('an absolute target wins over Host, and Host is still checked', () => {
    ok('GET http://a.example/ HTTP/1.1', '', 'forward', 'Host: b.example\r\n').toMatchObject({
      authority: { host: 'a.example' },
    });
    refused(400, 'GET http://a.example/ HTTP/1.1', '', 'forward', 'Host: b example\r\n');
    refused(400, 'GET http://a.example/ HTTP/1.1', '', 'forward', '');
  });

  test('an origin target takes its host from Host, once', () => {
    ok('GET / HTTP/1.1', '', 'reverse', 'hOST:  example.com:81 \r\n').toMatchObject({
      authority: { host: 'example.com', port: 81 },
    });
    refused(400, 'GET / HTTP/1.1', '', 'reverse', '');
    refused(400, 'GET / HTTP/1.1', 'Host: example.com\r\n');
    refused(400, 'GET / HTTP/1.1', '', 'reverse', 'Host:\r\n');
    refused(400, 'GET / HTTP/1.1', '', 'reverse', 'Host: a, b\r\n');
    ok('GET http://example.com/ HTTP/1.0', '', 'forward', '').toMatchObject({ authority: { host: 'example.com' } });
  });
});

describe('framing', () => {
  test('is one length, or chunked', () => {
    ok('POST / HTTP/1.1').toMatchObject({ contentLength: -1, chunked: false });
    ok('POST / HTTP/1.1', 'Content-Length: 0\r\n').toMatchObject({ contentLength: 0 });
    ok('POST / HTTP/1.1', 'Content-Length: 007\r\n').toMatchObject({ contentLength: 7 });
    ok('POST / HTTP/1.1', 'Content-Length: 9007199254740991\r\n').toMatchObject({ contentLength: 2 ** 53 - 1 });
    ok('POST / HTTP/1.1', 'transfer-encoding: ChunkeD\r\n').toMatchObject({ chunked: true, contentLength: -1 });
  });

  const bad = [
    'Content-Length: 9007199254740992', 'Content-Length: 9007199254740993', 'Content-Length: 99999999999999999999', 'Content-Length: -1', 'Content-Length: +1', 'Content-Length: 1 1',
    'Content-Length: 1,1', 'Content-Length: 0x1', 'Content-Length: 1.0', 'Content-Length:', 'Content-Length: 1\r\nContent-Length: 1', 'Content-Length: 0\r\nContent-Length: 0',
    'Transfer-Encoding:', 'Transfer-Encoding: identity', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: chunked, chunked', 'Transfer-Encoding: chunked;q=1', 'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 0', 'Content-Length: 1\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: xchunked',
  ]; // prettier-ignore
  for (const fields of bad)
    test(`${JSON.stringify(fields)} is refused`, () => refused(400, 'POST / HTTP/1.1', `${fields}\r\n`));

  test('HTTP/1.0 has no transfer coding, and methods that have no body there have none', () => {
    refused(400, 'POST / HTTP/1.0', 'Transfer-Encoding: chunked\r\n');
    refused(400, 'GET / HTTP/1.0', 'Content-Length: 1\r\n');
    ok('POST / HTTP/1.0', 'Content-Length: 1\r\n').toMatchObject({ contentLength: 1 });
    ok('GET / HTTP/1.1', 'Content-Length: 1\r\n').toMatchObject({ contentLength: 1 });
  });

  test('CONNECT and TRACE have no body', () => {
    refused(400, 'CONNECT h:443 HTTP/1.1', 'Content-Length: 1\r\n', 'forward');
    refused(400, 'CONNECT h:443 HTTP/1.1', 'Transfer-Encoding: chunked\r\n', 'forward');
    refused(400, 'TRACE / HTTP/1.1', 'Content-Length: 1\r\n');
    ok('CONNECT h:443 HTTP/1.1', 'Content-Length: 0\r\n', 'forward').toMatchObject({ method: 'CONNECT' });
  });
});

describe('Connection', () => {
  test('close is heard, in any field and case, and from Proxy-Connection', () => {
    ok('GET / HTTP/1.1', 'Connection: keep-alive\r\n').toMatchObject({ close: false });
    ok('GET / HTTP/1.1', 'Connection: keep-alive\r\nConnection: , CLOSE\r\n').toMatchObject({ close: true });
    ok('GET / HTTP/1.1', 'Proxy-Connection: Close\r\n').toMatchObject({ close: true });
  });

  for (const name of [
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Max-Forwards',
    'Via',
    'Authorization',
    'Cookie',
    'Content-Type',
    'Content-Encoding',
    'Range',
    'If-Match',
    'X-Forwarded-For',
    'Forwarded',
    'X-Real-IP',
    'x-original-url',
    'Client-IP',
  ]) {
    test(`naming ${name} is refused`, () => refused(400, 'GET / HTTP/1.1', `Connection: close, ${name}\r\n`));
  }

  test('what is not a token, and more options than anybody has, are refused', () => {
    refused(400, 'GET / HTTP/1.1', 'Connection: a b\r\n');
    refused(400, 'GET / HTTP/1.1', 'Connection: "close"\r\n');
    ok('GET / HTTP/1.1', `Connection: ${Array.from({ length: 10 }, (_, i) => `x${i}`).join()}\r\n`).toMatchObject({
      close: false,
    });
    refused(400, 'GET / HTTP/1.1', `Connection: ${Array.from({ length: 11 }, (_, i) => `x${i}`).join()}\r\n`);
  });
});

test('an absurd list of connection options is refused without going through all fields for each', () => {
  const text = `GET / HTTP/1.1\r\nHost: h\r\n${'abcdef: 1\r\n'.repeat(150)}Connection: ${'abcdeg,'.repeat(8000)}\r\n\r\n`;
  expect(readRequest(text)).toMatchObject({ kind: 'error', status: 400 });
  const reader = new HeadReader(new RequestHead());
  reader.begin(roomy);
  const bytes = Buffer.from(text, 'latin1');
  reader.read(bytes, 0, bytes.length);
  let looks = 0;
  const counted = new Proxy(reader.head, {
    get(head, key) {
      if (key === 'fields') looks += 1;
      const value: unknown = Reflect.get(head, key, head);
      return typeof value === 'function' ? value.bind(head) : value;
    },
  });
  expect(readConnectionFields(counted, Field.connection).malformed).toBe(true);
  // Each of 8,000 options and each of 150 fields would be 1,200,000.
  expect(looks).toBeLessThan(10_000);
});

describe('Upgrade', () => {
  const key = 'Sec-WebSocket-Key: abc\r\n';
  test('counts only with the connection option, in HTTP/1.1, and not for CONNECT', () => {
    ok('GET / HTTP/1.1', `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`).toMatchObject({ upgradeIndex: 2 });
    ok('GET / HTTP/1.1', `Upgrade: websocket\r\n${key}`).toMatchObject({ upgradeIndex: -1 });
    ok('GET / HTTP/1.1', `Connection: close\r\nUpgrade: websocket\r\n${key}`).toMatchObject({ upgradeIndex: -1 });
    ok('GET / HTTP/1.0', `Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`).toMatchObject({ upgradeIndex: -1 });
    ok('CONNECT h:443 HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: x\r\n', 'forward').toMatchObject({
      upgradeIndex: -1,
    });
  });

  test('to h2c is left out; a WebSocket without its key and two Upgrade fields are refused', () => {
    ok('GET / HTTP/1.1', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: foo, H2C\r\n').toMatchObject({
      upgradeIndex: -1,
    });
    refused(400, 'GET / HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: foo, WebSocket\r\n');
    refused(400, 'GET / HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n');
  });
});

test('Expect is 100-continue or 417, and forgotten where there is nothing to wait for', () => {
  ok('POST / HTTP/1.1', 'Expect: 100-Continue\r\nContent-Length: 1\r\n').toMatchObject({ expectContinue: true });
  ok('POST / HTTP/1.1', 'Expect: 100-continue\r\nContent-Length: 0\r\n').toMatchObject({ expectContinue: false });
  ok('POST / HTTP/1.0', 'Expect: 100-continue\r\nContent-Length: 1\r\n').toMatchObject({ expectContinue: false });
  refused(417, 'POST / HTTP/1.1', 'Expect: a cake\r\nContent-Length: 1\r\n');
  refused(417, 'POST / HTTP/1.1', 'Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n');
});

test('a field that some servers read as another is left out', () => {
  for (const name of ['X_Forwarded_For', 'Proxy_Authorization', 'X.Forwarded.For', 'x-real_IP']) {
    const fields = `A: 1\r\n${name}: 2\r\nB_b: 3\r\nC.c: 4\r\n`;
    lax('GET / HTTP/1.1', fields).toMatchObject({ contentLength: -1, chunked: false, dropped: [name] });
  }
  for (const name of ['Transfer_Encoding', 'content_length', 'Content.Length'])
    refused(400, 'GET / HTTP/1.1', `${name}: 1\r\n`);
  ok('GET / HTTP/1.1', 'Ho_st: h\r\napi_key: 1\r\nX.Y: 2\r\n').toMatchObject({ dropped: [] });
});

test('TE: trailers is heard in HTTP/1.1, among transfer codings too', () => {
  for (const te of ['trailers', 'Trailers', 'gzip;q=0.5, trailers', 'gzip\r\nTE: trailers'])
    ok('GET / HTTP/1.1', `TE: ${te}\r\nConnection: TE\r\n`).toMatchObject({ trailersWelcome: true });
  for (const te of ['', 'gzip', 'trailers2', 'trailers;q=1'])
    ok('GET / HTTP/1.1', `TE: ${te}\r\n`).toMatchObject({ trailersWelcome: false });
  ok('GET / HTTP/1.0', 'TE: trailers\r\n').toMatchObject({ trailersWelcome: false });
});

test('Max-Forwards counts for OPTIONS and TRACE only', () => {
  ok('OPTIONS / HTTP/1.1', 'Max-Forwards: 3\r\n').toMatchObject({ maxForwards: 3 });
  ok('GET / HTTP/1.1', 'Max-Forwards: x\r\n').toMatchObject({ maxForwards: -1 });
  refused(400, 'OPTIONS / HTTP/1.1', 'Max-Forwards: x\r\n');
  refused(400, 'TRACE / HTTP/1.1', 'Max-Forwards: 1\r\nMax-Forwards: 1\r\n');
});

test('our own name in Via is a loop, another is not, and neither is ours as part of another', () => {
  refused(508, 'GET / HTTP/1.1', 'Via: 1.0 fred, 1.1 INBAND (Inband)\r\n');
  refused(508, 'GET / HTTP/1.1', 'Via: HTTP/1.1 inband\r\n');
  refused(508, 'GET / HTTP/1.1', 'Via: 1.1 a\r\nVia: 1.1\tinband\r\n');
  ok('GET / HTTP/1.1', 'Via: 1.1 inband2, 1.1 not-inband, 1.1 a (inband)\r\n').toMatchObject({ method: 'GET' });
  refused(400, 'GET / HTTP/1.1', `Via: ${'1.1 a, '.repeat(101)}\r\n`);
});
