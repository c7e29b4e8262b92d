import { inetAddr, type SockAddr } from '@inband/core';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../../core/test-support/fake-connection.ts';
import type { Authority } from './authority.ts';
import { forwardedLines } from './forwarded.ts';
import type { HttpOptions } from '../service/options.ts';

function lines(
  style: HttpOptions['forwarded'],
  address: SockAddr,
  host = 'h',
  port?: number,
  isSecure = false,
): string | undefined {
  const scheme = isSecure ? ('https' as const) : undefined;
  const client = { id: 1, connection: new FakeConnection(), address, scheme, local: address, listener: address };
  const target = { host, port: port ?? 80 };
  const authority: Authority = { host, port, target, secureTarget: target, lax: false };
  return forwardedLines({ style, mode: 'reverse' }, client, authority)?.toString();
}

const v4 = inetAddr('192.0.2.1', 4000)!;
const v6 = inetAddr('2001:db8::1', 4000)!;

test('servers are told about the client in the style that the service says', () => {
  expect(lines('off', v4)).toBeUndefined();
  expect(lines('x-forwarded', v4, 'h', 81)).toBe(
    'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:81\r\n',
  );
  expect(lines('rfc7239', v4)).toBe('Forwarded: for=192.0.2.1;proto=http;host="h"\r\n');
});

test('servers are told that the client speaks TLS', () => {
  expect(lines('x-forwarded', v4, 'h', undefined, true)).toContain('X-Forwarded-Proto: https\r\n');
  expect(lines('rfc7239', v4, 'h', undefined, true)).toContain(';proto=https;');
});

test('a host that the client did not name is not made up', () => {
  expect(lines('x-forwarded', v4, '')).toBe('X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n');
  expect(lines('rfc7239', v4, '')).toBe('Forwarded: for=192.0.2.1;proto=http\r\n');
});

test('IPv6 is written as each of them wants it, and a client without an address is unknown', () => {
  expect(lines('x-forwarded', v6, '::1')).toContain('X-Forwarded-For: 2001:db8::1\r\n');
  expect(lines('x-forwarded', v6, '::1')).toContain('X-Forwarded-Host: [::1]\r\n');
  expect(lines('rfc7239', v6, '::1', 8080)).toBe('Forwarded: for="[2001:db8::1]";proto=http;host="[::1]:8080"\r\n');
  const unix: SockAddr = { family: 'unix', path: '' };
  expect(lines('x-forwarded', unix)).toContain('X-Forwarded-For: unknown\r\n');
  expect(lines('rfc7239', unix)).toContain('for=unknown;');
});
