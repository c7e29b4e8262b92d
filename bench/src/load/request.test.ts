import { describe, expect, test } from 'vitest';
import { luaString, requestText, type RequestSpec } from './request.ts';
import { BROWSER_GET } from '../workloads.ts';

const spec: RequestSpec = { method: 'GET', path: '/a', fields: [['X', '1']], content: 0, answer: 100 };

describe('requestText', () => {
  test('writes absolute-form for forward proxies and origin-form for the others', () => {
    expect(requestText(spec, 'absolute', 81)).toBe(
      'GET http://127.0.0.1:81/a HTTP/1.1\r\nHost: 127.0.0.1:81\r\nX: 1\r\n\r\n',
    );
    expect(requestText(spec, 'origin', 81)).toBe('GET /a HTTP/1.1\r\nHost: 127.0.0.1:81\r\nX: 1\r\n\r\n');
  });

  test('adds content and its length', () => {
    const text = requestText({ ...spec, method: 'POST', fields: [], content: 3 }, 'origin', 81);
    expect(text).toBe('POST /a HTTP/1.1\r\nHost: 127.0.0.1:81\r\nContent-Length: 3\r\n\r\nxxx');
  });

  test('refuses a head that is too long already', () => {
    expect(() => requestText({ ...spec, headSize: 10 }, 'origin', 81)).toThrow('longer than 10');
  });
});

test.each(['absolute', 'origin'] as const)('the browser request has 15 fields and 668 bytes in %s form', (form) => {
  const text = requestText(BROWSER_GET, form, 40_000);
  expect(text).toHaveLength(668);
  expect(text.trimEnd().split('\r\n')).toHaveLength(1 + 15);
});

test('luaString escapes what would end or change a Lua string', () => {
  expect(luaString('a"b\\c\r\n0')).toBe(String.raw`"a\034b\092c\013\0100"`);
});
