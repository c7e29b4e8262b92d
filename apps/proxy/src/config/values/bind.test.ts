import { describe, expect, test } from 'vitest';
import { bindNames, bindProblem, formatBind, parseBind, parseSockAddr } from './bind.ts';

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

describe('a listener of a socket unit', () => {
  test('is named as its socket', () => {
    const bind = parseBind('systemd:web');
    expect(bind).toEqual({ family: 'systemd', name: 'web' });
    expect(bind && formatBind(bind)).toBe('systemd:web');
  });

  test.each(['systemd:', 'systemd:a:b', 'systemd:a\n', `systemd:${'x'.repeat(256)}`])('is not %j', (text) => {
    expect(parseBind(text)).toBeUndefined();
    expect(bindProblem(text)).toMatch(/1 to 255 printable characters other than ":"/);
  });
});

test('listeners with the same address have different names', () => {
  const any = { family: 'inet', address: '127.0.0.1', port: 0 } as const;
  const names = bindNames([any, { family: 'systemd', name: 'web' }, any]);
  expect(names).toEqual(['127.0.0.1:0', 'systemd:web', '127.0.0.1:0 (2)']);
});
