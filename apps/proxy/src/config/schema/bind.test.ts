import { describe, expect, test } from 'vitest';
import { bindProblem, parseSockAddr } from './bind.ts';

describe('parseSockAddr', () => {
  test.each([
    ['127.0.0.1:3128', { family: 'inet', address: '127.0.0.1', port: 3128 }],
    ['[::1]:0', { family: 'inet6', address: '::1', port: 0 }],
    [':8080', { family: 'inet6', address: '::', port: 8080 }],
    ['unix:/run/inband.sock', { family: 'unix', path: '/run/inband.sock' }],
    [`unix:/${'x'.repeat(102)}`, { family: 'unix', path: `/${'x'.repeat(102)}` }],
    ['unix:@inband', { family: 'unix', path: '\0inband' }],
  ])('reads the address %s', (text, expected) => {
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
    `unix:@${'x'.repeat(108)}`,
    'unix:@',
    'unix:@a\0b',
    '',
  ])('refuses the text %j', (text) => {
    expect(parseSockAddr(text)).toBeUndefined();
  });
});

test.runIf(process.platform === 'linux')('a path or a name that is too long is told how long it may be', () => {
  expect(bindProblem(`unix:/${'x'.repeat(106)}`)).toBeUndefined();
  expect(bindProblem(`unix:/${'x'.repeat(107)}`)).toMatch(/the path .* at most 107 bytes .* this one has 108/);
  expect(bindProblem(`unix:/${'ö'.repeat(60)}`)).toMatch(/this one has 121/);
  expect(bindProblem(`unix:@${'x'.repeat(108)}`)).toMatch(/the name .* at most 107 bytes .* this one has 108/);
  expect(bindProblem('unix:run/a.sock')).toMatch(/absolute path/);
});
