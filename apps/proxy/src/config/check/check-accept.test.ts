import { expect, test } from 'vitest';
import { checkAccept } from './check-accept.ts';

const services = {
  browsers: { mode: 'forward' },
  web: { mode: 'reverse' },
  guard: { proxy: 'tls' },
};

/** What is said of a listener that accepts SOCKS. */
function said(listener: object): string[] {
  const listeners = [{ bind: '127.0.0.1:0', accept: ['http', 'socks5'], ...listener }];
  return checkAccept({ listeners, services }).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('SOCKS is for forward proxies', () => {
  expect(said({ service: 'browsers' })).toEqual([]);
  expect(said({ service: 'web', accept: ['http'] })).toEqual([]);
  expect(said({ service: 'web' })).toEqual([
    'listeners.0.accept: SOCKS is for forward proxies, and the service "web" is of mode reverse.',
  ]);
  expect(said({ service: 'guard' })).toEqual([
    'listeners.0.accept: SOCKS is for forward proxies, and the service "guard" is a TLS guard.',
  ]);
});

test('so are the services of TLS rules, except those that get what is encrypted', () => {
  const match = [
    { names: 'a.example', terminate: 'web' },
    { names: 'b.example', pass: 'guard' },
  ];
  expect(said({ service: 'browsers', tls: { match } })).toEqual([
    'listeners.0.accept: SOCKS is for forward proxies, and the service "web" is of mode reverse.',
  ]);
});

test('what is written wrongly is left to the schema', () => {
  expect(said({ service: 'nowhere' })).toEqual([]);
  expect(said({ service: 'web', accept: 'socks5' })).toEqual([]);
});
