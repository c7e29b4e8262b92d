import { ProxyError } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { outcomesOfSplits, played } from '../../../test-support/handshakes.ts';
import { HttpConnect } from './http-connect.ts';

const target = { host: 'shop.example', port: 443 };
const challenged = (challenges: readonly string[]): ProxyError =>
  new ProxyError('proxy_configuration_error', challenges.join(' | '));

function connect(credentials?: string, to = target): () => HttpConnect {
  return () => new HttpConnect({ target: to, credentials, challenged });
}

function outcomes(answer: string): ReturnType<typeof outcomesOfSplits> {
  return outcomesOfSplits(connect(), Buffer.from(answer, 'latin1'));
}

test('asks by CONNECT, with a login where there is one', () => {
  const text = (make: () => HttpConnect): string | undefined => played(make, []).sent[0]?.toString();
  expect(text(connect())).toBe('CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n');
  expect(text(connect('Basic YTpi'))).toContain('\r\nProxy-Authorization: Basic YTpi\r\n\r\n');
  expect(text(connect(undefined, { host: '2001:db8::1', port: 443 }))).toContain('CONNECT [2001:db8::1]:443 ');
});

test.each([
  ['a usual answer', 'HTTP/1.1 200 Connection established\r\n\r\n'],
  ['one without a reason', 'HTTP/1.0 200\r\n\r\n'],
  [
    'one with fields that say nothing',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX:\r\n\r\n',
  ],
  ['another status of success', 'HTTP/1.1 204 No\r\nVia: 1.1 a\r\n\r\n'],
  ['one behind an interim answer', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
])('%s opens the tunnel at any split, and what follows belongs to the tunnel', (_what, answer) => {
  for (const outcome of outcomes(`${answer}\r\nhello`))
    expect(outcome).toEqual({ isDone: true, rest: '\r\nhello', sent: 1 });
});

test.each([
  ['403 Forbidden', 'http_request_denied', 403],
  ['404 Not Found', 'dns_error', 502],
  ['451 No', 'http_request_denied', 403],
  ['429 Slow', 'connection_limit_reached', 503],
  ['500 Unable to connect', 'destination_unavailable', 503],
  ['502 Bad Gateway', 'destination_unavailable', 503],
  ['503 Service Unavailable', 'destination_unavailable', 503],
  ['504 Gateway Timeout', 'connection_timeout', 504],
  ['508 Loop Detected', 'proxy_loop_detected', 508],
  ['400 Bad Request', 'proxy_configuration_error', 502],
  ['405 Method Not Allowed', 'proxy_configuration_error', 502],
  ['302 Found', 'proxy_configuration_error', 502],
  ['503 No\r\nX-Squid-Error: ERR_DNS_FAIL 0', 'dns_error', 502],
  ['503 No\r\nX-Squid-Error: constructor 0', 'destination_unavailable', 503],
  ['503 No\r\nX-Squid-Error: ERR_CONNECT_FAIL 111', 'connection_refused', 502],
  ['502 No\r\nProxy-Status: a; error=connection_refused, b; error=dns_timeout; details="x"', 'dns_timeout', 504],
  ['502 No\r\nProxy-Status: a; error=proxy_internal_error', 'destination_unavailable', 503],
])('the answer %s becomes the error %s', (answer, code, status) => {
  const receivedStatus = Number(answer.slice(0, 3));
  for (const outcome of outcomes(`HTTP/1.1 ${answer}\r\n\r\nbody`)) {
    expect(outcome).toMatchObject({ error: { code, status, receivedStatus } });
  }
});

test('a challenge is passed to the login', () => {
  const answer =
    'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="a, b"\r\nproxy-authenticate: Digest nonce="c"\r\n\r\n';
  for (const { error } of outcomes(answer)) expect(error?.message).toBe('Basic realm="a, b" | Digest nonce="c"');
});

describe('what is no answer in HTTP/1', () => {
  test.each([
    ['a bare LF behind the status', 'HTTP/1.1 200 OK\nVia: a\r\n\r\n'],
    ['a bare LF behind a field', 'HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n'],
    ['a CR in a field', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['a NUL in a field', 'HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a space before a colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['a status that there is not', 'HTTP/1.1 700 OK\r\n\r\n'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9\r\n'],
    ['TLS', '\x15\x03\x03\x00\x02\x02\x0a'],
  ])('is refused for %s', (_what, answer) => {
    const error = { code: 'proxy_configuration_error', status: 502, setting: 'chainer.protocol' };
    for (const outcome of outcomes(answer)) expect(outcome).toMatchObject({ error });
  });

  test('a head of more than 16 KiB', () => {
    const head = `HTTP/1.1 200 OK\r\n${`A: ${'b'.repeat(1_000)}\r\n`.repeat(17)}`;
    const { error } = played(connect(), [Buffer.from(head)]);
    expect(error?.message).toContain('16384 bytes');
    expect(played(connect(), [Buffer.from(`${head}\r\n`)]).error?.message).toContain('16384 bytes');
  });
});
