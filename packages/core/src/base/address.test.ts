import { expect, test } from 'vitest';
import { formatHostPort, formatSockAddr, inetAddr, sameSockAddr, type SockAddr } from './address.ts';

test('an address in text becomes canonical; an IPv4-mapped one is the IPv4 address that it maps', () => {
  expect(inetAddr('127.0.0.1', 80)).toEqual({ family: 'inet', address: '127.0.0.1', port: 80 });
  expect(inetAddr('2001:DB8:0:0::1', 80)).toEqual({ family: 'inet6', address: '2001:db8::1', port: 80 });
  expect(inetAddr('::ffff:10.0.0.1', 80)).toEqual({ family: 'inet', address: '10.0.0.1', port: 80 });
  for (const text of ['', 'localhost', '127.1', '1.2.3.4.', '::1%lo', '[::1]', '0x7f000001'])
    expect(inetAddr(text, 80)).toBeUndefined();
});

test('addresses are written as people write them', () => {
  expect(formatSockAddr(inetAddr('192.0.2.1', 80)!)).toBe('192.0.2.1:80');
  expect(formatSockAddr(inetAddr('2001:db8::1', 80)!)).toBe('[2001:db8::1]:80');
  expect(formatSockAddr({ family: 'unix', path: '/run/a.sock' })).toBe('unix:/run/a.sock');
  expect(formatHostPort({ host: 'example.com', port: 80 })).toBe('example.com:80');
  expect(formatHostPort({ host: '2001:db8::1', port: 80 })).toBe('[2001:db8::1]:80');
});

test('two addresses are the same when family, address and port are', () => {
  const all: SockAddr[] = [
    inetAddr('192.0.2.1', 80)!,
    inetAddr('192.0.2.1', 81)!,
    inetAddr('192.0.2.2', 80)!,
    inetAddr('::1', 80)!,
    { family: 'unix', path: '/a' },
    { family: 'unix', path: '/b' },
  ];
  for (const a of all) for (const b of all) expect(sameSockAddr(a, { ...b })).toBe(a === b);
});
