import { describe, expect, test } from 'vitest';
import { parseSockAddr } from './bind.ts';

describe('parseSockAddr', () => {
  test.each([
    ['127.0.0.1:3128', { family: 'inet', address: '127.0.0.1', port: 3128 }],
    ['[::1]:0', { family: 'inet6', address: '::1', port: 0 }],
    [':8080', { family: 'inet6', address: '::', port: 8080 }],
    ['unix:/run/inband.sock', { family: 'unix', path: '/run/inband.sock' }],
  ])('reads %s', (text, expected) => {
    expect(parseSockAddr(text)).toEqual(expected);
  });

  test.each([
    'localhost:80',
    '127.0.0.1',
    '::1:80',
    '[127.0.0.1]:80',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1: 80',
    'unix:relative.sock',
    `unix:/${'x'.repeat(107)}`,
    '',
  ])('refuses %j', (text) => {
    expect(parseSockAddr(text)).toBeUndefined();
  });
});
