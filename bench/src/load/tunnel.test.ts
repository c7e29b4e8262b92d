import { describe, expect, test } from 'vitest';
import { establishedHead } from './tunnel.ts';

describe('establishedHead', () => {
  test('is the length of a complete head', () => {
    expect(establishedHead(Buffer.from('HTTP/1.1 200 OK\r\nVia: x\r\n\r\nmore'))).toBe(27);
  });

  test('is 0 until the head is complete', () => {
    expect(establishedHead(Buffer.from('HTTP/1.1 200 OK\r\nVia:'))).toBe(0);
  });

  test('throws the status line of a refusal', () => {
    expect(() => establishedHead(Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n'))).toThrow('"HTTP/1.1 403 Forbidden"');
  });
});
