import { describe, expect, test } from 'vitest';
import type { SockAddr } from './address.ts';
import { errnoError, fromErrno } from './errno.ts';
import type { SocketOperation } from './errno.ts';

const address: SockAddr = { family: 'inet', address: '192.0.2.7', port: 8080 };

describe('errno codes become the codes of Proxy-Status', () => {
  const cases: [errno: string, doing: SocketOperation, code: string][] = [
    ['ECONNREFUSED', 'connect', 'connection_refused'],
    ['ENOENT', 'connect', 'connection_refused'],
    ['ETIMEDOUT', 'connect', 'connection_timeout'],
    ['ETIMEDOUT', 'read', 'connection_terminated'],
    ['EHOSTUNREACH', 'connect', 'destination_ip_unroutable'],
    ['ENETUNREACH', 'connect', 'destination_ip_unroutable'],
    ['EADDRNOTAVAIL', 'connect', 'destination_ip_unroutable'],
    ['EADDRNOTAVAIL', 'listen', 'proxy_configuration_error'],
    ['EADDRINUSE', 'connect', 'connection_limit_reached'],
    ['EADDRINUSE', 'listen', 'proxy_configuration_error'],
    ['EACCES', 'listen', 'proxy_configuration_error'],
    ['EMFILE', 'connect', 'connection_limit_reached'],
    ['EMFILE', 'listen', 'connection_limit_reached'],
    ['ENFILE', 'connect', 'connection_limit_reached'],
    ['ENOBUFS', 'write', 'connection_limit_reached'],
    ['ENOMEM', 'connect', 'connection_limit_reached'],
    ['ECONNRESET', 'connect', 'connection_terminated'],
    ['ECONNRESET', 'read', 'connection_terminated'],
    ['EPIPE', 'write', 'connection_terminated'],
    ['EPERM', 'connect', 'connection_refused'],
    ['EPERM', 'forge', 'proxy_configuration_error'],
    ['EPERM', 'intercept', 'proxy_configuration_error'],
    ['ENOPROTOOPT', 'intercept', 'proxy_configuration_error'],
    ['EWHATEVER', 'intercept', 'proxy_configuration_error'],
    ['EWHATEVER', 'connect', 'connection_refused'],
    ['EWHATEVER', 'forge', 'proxy_configuration_error'],
    ['EWHATEVER', 'listen', 'proxy_configuration_error'],
    ['EWHATEVER', 'read', 'connection_terminated'],
    ['EWHATEVER', 'write', 'connection_terminated'],
  ];
  test.each(cases)('%s while doing %s is %s', (errno, doing, code) => {
    const error = fromErrno(errnoError(errno, doing), doing, address);
    expect(error.code).toBe(code);
    expect(error.address).toBe(address);
    expect(error.message).toMatch(new RegExp(`^.*192\\.0\\.2\\.7:8080.*\\(${errno}\\)\\.$`));
  });
});

test('the error of the system is the cause', () => {
  const cause = errnoError('EPIPE', 'write');
  expect(fromErrno(cause, 'write', address).cause).toBe(cause);
});

test('without an address the sentence still reads', () => {
  expect(fromErrno(errnoError('ECONNRESET', 'read'), 'read').message).toBe(
    'The peer reset the connection (ECONNRESET).',
  );
});

test('an error without an errno code keeps its own words', () => {
  expect(fromErrno(new Error('the plugin gave up'), 'read', address).message).toBe(
    'Reading from 192.0.2.7:8080 failed (the plugin gave up).',
  );
});

test('a path that looks like a replacement pattern is printed as it is', () => {
  const path: SockAddr = { family: 'unix', path: '/run/$&.sock' };
  expect(fromErrno(errnoError('ECONNREFUSED', 'connect'), 'connect', path).message).toContain('unix:/run/$&.sock');
});

test('an interception without privilege names the privilege', () => {
  const error = fromErrno(errnoError('EPERM', 'intercept'), 'intercept', address);
  expect(error.message).toContain('CAP_NET_ADMIN');
});

test('a listening error says what to do', () => {
  const error = fromErrno(errnoError('EADDRINUSE', 'listen'), 'listen', address);
  expect(error.message).toContain('stop it or choose another address');
});
