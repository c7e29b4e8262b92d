import { expect, test } from 'vitest';
import { requestHead, responseHead } from '../../../test-support/heads.ts';
import { HEAD_AT, sendBuffer } from '../send-buffer.ts';
import { Literal } from '../words.ts';
import { canonicalRequestStart, canonicalResponseStart } from './canonical-start.ts';
import { writeRequestHead, writeResponseHead, type RequestAdditions } from './serialise.ts';

const via: readonly [Literal, Literal] = [new Literal('Via: 1.0 px\r\n'), new Literal('Via: 1.1 px\r\n')];
const START = 'GET /a?b HTTP/1.1\r\nHost: h:80\r\n';

function written(head: string, add: Partial<RequestAdditions> = {}): string {
  const end = writeRequestHead(requestHead(`${head}\r\n`), { via, forwarded: undefined, ...add });
  return sendBuffer(0).toString('latin1', HEAD_AT, end);
}

function answered(head: string): string {
  const date = (): Literal => new Literal('Date: now\r\n');
  const end = writeResponseHead(responseHead(`${head}\r\n`), { via, date, framing: 'none', close: false });
  return sendBuffer(0).toString('latin1', HEAD_AT, end);
}

test('a request line in origin-form and Host behind it go on as they were written', () => {
  expect(canonicalRequestStart(requestHead(`${START}A: b\r\n\r\n`))).toBe(START.length);
  expect(canonicalRequestStart(requestHead(`\r\n${START}\r\n`))).toBe(START.length + 2);
  expect(written(`${START}A: b\r\n`)).toBe(`${START}A: b\r\nVia: 1.1 px\r\n\r\n`);
});

test('what is written in another way is put together as this proxy writes it', () => {
  const composed = (head: string): string => {
    expect(canonicalRequestStart(requestHead(`${head}\r\n`))).toBe(0);
    return written(head).replace('Via: 1.1 px\r\n\r\n', '');
  };
  for (const host of ['host: h:80', 'HOST: h:80', 'Host:h:80', 'Host:  h:80', 'Host: h:80 ', 'Host:\th:80']) {
    expect(composed(`GET /a?b HTTP/1.1\r\n${host}\r\n`), host).toBe(START);
  }
  expect(composed('GET /a?b HTTP/1.1\r\nA: b\r\nHost: h:80\r\n')).toBe(`${START}A: b\r\n`);
  expect(composed('GET http://h:80/a?b HTTP/1.1\r\nHost: h:80\r\n')).toBe(START);
  expect(composed('GET /a?b HTTP/1.7\r\nHost: h:80\r\n')).toBe(START);
  expect(composed('GET / HTTP/1.1\r\nHost: h:\r\n')).toBe('GET / HTTP/1.1\r\nHost: h\r\n');
  expect(composed('OPTIONS * HTTP/1.1\r\nHost: h\r\n')).toBe('OPTIONS * HTTP/1.1\r\nHost: h\r\n');
});

test('a host or a path that the request gets on its way is written in place of the client’s', () => {
  expect(written(START, { host: new Literal('other') })).toBe(
    'GET /a?b HTTP/1.1\r\nHost: other\r\nVia: 1.1 px\r\n\r\n',
  );
  expect(written(START, { origin: new Literal('http://h:80') })).toBe(
    'GET http://h:80/a?b HTTP/1.1\r\nHost: h:80\r\nVia: 1.1 px\r\n\r\n',
  );
  const head = requestHead(`${START}\r\n`);
  head.retarget('/new');
  expect(canonicalRequestStart(head)).toBe(0);
  head.retarget('http://elsewhere/');
  expect(canonicalRequestStart(head)).toBe(0);
});

test('a status line of HTTP/1.1 goes on as it was written, and others get its form', () => {
  const line = 'HTTP/1.1 404 Not  \xe9\r\n';
  expect(canonicalResponseStart(responseHead(`${line}\r\n`))).toBe(line.length);
  expect(answered(line)).toBe(`${line}Date: now\r\nVia: 1.1 px\r\n\r\n`);
  for (const other of ['HTTP/1.1 200', 'HTTP/1.0 200 ', 'HTTP/1.3 200 ']) {
    expect(canonicalResponseStart(responseHead(`${other}\r\n\r\n`)), other).toBe(0);
    expect(answered(`${other}\r\n`), other).toMatch(/^HTTP\/1\.1 200 \r\nDate: now\r\nVia: 1\.[01] px\r\n\r\n$/);
  }
});
