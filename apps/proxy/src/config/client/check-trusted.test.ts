import { expect, test } from 'vitest';
import { checkTrusted } from './check-trusted.ts';

const listener = (more: Record<string, unknown>): [number, Record<string, unknown>] => [
  0,
  { bind: ':80', service: 'web', proxyProtocol: 'required', ...more },
];

const check = (one: Record<string, unknown>, service: Record<string, unknown>) =>
  checkTrusted([listener(one)], [['web', service]]).map(({ path, message, warning }) => {
    return [path.join('.'), warning === true ? 'warning' : 'error', message].join(': ');
  });

const TRUSTING = { trustedProxies: ['10.0.0.2'] };

test('a listener with a header and somebody who is believed is well', () => {
  expect(check({}, TRUSTING)).toEqual([]);
  expect(check({ proxyProtocol: undefined }, {})).toEqual([]);
});

test('a header that is nobody is believed about, or of an intercepted client, is an error', () => {
  expect(check({}, {})).toEqual([
    "listeners.0.proxyProtocol: error: nobody's header is believed: say whose, by services.web.trustedProxies.",
  ]);
  expect(check({ transparent: 'redirect' }, TRUSTING)).toEqual([
    'listeners.0.proxyProtocol: error: what is intercepted comes from clients, which send no header.',
  ]);
});

test.each([
  [['10.0.0.2', 'public'], 'services.web.trustedProxies'],
  ['0.0.0.0/0', 'services.web.trustedProxies'],
  [{ from: '::/0' }, 'services.web.trustedProxies.from'],
])('believing everybody is a warning: %j', (trustedProxies, path) => {
  expect(check({}, { trustedProxies })).toEqual([
    `${path}: warning: this believes every client what it says of itself: name the proxies.`,
  ]);
});

test('a guard has no fields to read', () => {
  expect(check({}, { proxy: 'tls', trustedProxies: { from: '10.0.0.2' } })).toEqual([]);
  expect(check({}, { proxy: 'tls', trustedProxies: { from: '10.0.0.2', hops: 3 } })).toEqual([
    'services.web.trustedProxies: warning: a TLS guard reads no requests, so that "fields" and "hops" have no effect: only "from" has.',
  ]);
});
