import { describe, expect, test } from 'vitest';
import { namesConnectionScheme } from './connection-login.ts';
import { ResponseHead } from './response-head.ts';

const names = (value: string): boolean => {
  const bytes = Buffer.from(`..${value}..`, 'latin1');
  return namesConnectionScheme(bytes, 2, bytes.length - 2);
};

describe('a scheme that logs a connection in', () => {
  test.each([
    'NTLM',
    'ntlm TlRMTVNTUAAB',
    'Negotiate',
    'nEGOTIATE YII=',
    'Kerberos YII=',
    'Nego2',
    'Basic realm="x", NTLM',
    'Basic realm="a, b", charset="UTF-8", Negotiate oRQw==, Digest realm="d"',
    ',, \tNTLM\tx',
    'Basic realm="with \\" a quote", NTLM',
    'Basic realm="never closed, NTLM',
  ])('is found in %j', (value) => expect(names(value)).toBe(true));

  test.each([
    '',
    'Basic dXNlcjpwYXNz',
    'Bearer NTLM',
    'NTLMx a',
    'Digest realm="NTLM", nonce="Negotiate"',
    'Basic realm="a, NTLM b"',
    'Negotiates',
    'X-NTLM',
  ])('is not found in %j', (value) => expect(names(value)).toBe(false));
});

describe('what a server says of its connection', () => {
  function word(fields: string): ResponseHead['word'] {
    const head = new ResponseHead();
    head.reset({ startLine: 1000, bytes: 10_000, fields: 100, strict: false });
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`, 'latin1');
    expect(head.read(bytes, 0, bytes.length)).toBe(true);
    head.understand('GET', false);
    return head.word;
  }

  test('a challenge counts in any of several fields', () => {
    const both = 'WWW-Authenticate: Basic realm="r"\r\nwww-authenticate: Negotiate\r\n';
    expect(word(both)).toMatchObject({ challenges: true, logsIn: true });
    expect(word('WWW-Authenticate: Basic realm="r"\r\n')).toMatchObject({ challenges: false, logsIn: false });
  });

  test('Persistent-Auth says that a login stands', () => {
    expect(word('Persistent-Auth: true\r\n')).toMatchObject({ challenges: false, logsIn: true });
    expect(word('persistent-auth: TRUE\r\n').logsIn).toBe(true);
    expect(word('Persistent-Auth: false\r\n').logsIn).toBe(false);
  });

  test.each([
    ['', undefined],
    ['Keep-Alive: timeout=5, max=100\r\n', 4000],
    ['keep-alive: max=3, Timeout=60\r\n', 59_000],
    ['Keep-Alive: timeout=1\r\n', 0],
    ['Keep-Alive: timeout=9\r\nKeep-Alive: timeout=3\r\n', 2000],
    ['Keep-Alive: timeout=x, xtimeout=1, timeout\r\n', undefined],
  ])('%j is heeded less a second', (fields, milliseconds) => expect(word(fields).keepFor).toBe(milliseconds));
});
