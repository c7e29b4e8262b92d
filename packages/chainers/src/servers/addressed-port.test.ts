import { expect, test } from 'vitest';
import { fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import { addressedPort, followsClient, noAddressedPort, withPort } from './addressed-port.ts';

const open = { family: 'inet', address: '127.0.0.1', port: 0 } as const;
const fixed = { family: 'inet', address: '127.0.0.1', port: 80 } as const;
const socket = { family: 'unix', path: '/run/app.sock' } as const;

test('only port 0 is left to the client', () => {
  expect([open, { host: 'a.example', port: 0 }].map(followsClient)).toEqual([true, true]);
  expect([fixed, { host: 'a.example', port: 80 }, socket].map(followsClient)).toEqual([false, false, false]);
});

test('withPort fills in what is missing, and leaves everything else the same object', () => {
  expect(withPort(open, 443)).toEqual({ ...open, port: 443 });
  expect(withPort({ host: 'a.example', port: 0 }, 443)).toEqual({ host: 'a.example', port: 443 });
  expect(withPort(fixed, 443)).toBe(fixed);
  expect(withPort(socket, 443)).toBe(socket);
});

test('the addressed port is that of the original destination, else that at which the client reached us', () => {
  expect(addressedPort(fakeSession({ family: 'inet6', address: '::1', port: 8443 }))).toBe(8443);
  const session = fakeSession();
  expect(addressedPort(session)).toBe(50_000);
});

test('a client of a Unix socket addressed no port, and the error says what to change', () => {
  expect(addressedPort(fakeSession(socket))).toBeUndefined();
  expect(noAddressedPort('chainer.remote')).toMatchObject({
    code: 'proxy_configuration_error',
    setting: 'chainer.remote',
    message: expect.stringContaining('give the server a port'),
  });
});
