import { expect, test } from 'vitest';
import { checkTransparent } from './transparent-check.ts';

const guard = { mode: 'transparent', routes: [{ chainer: { type: 'transparent' } }] };
const web = { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.0.0.1:80' } }] };
const browser = { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] };

function check(listener: object, more: object = {}): string[] {
  const config = { listeners: [listener], services: { guard, web, browser }, ...more };
  return checkTransparent(config).map(({ path, message, warning }) => {
    return `${path.join('.')}: ${warning === true ? 'warning: ' : ''}${message}`;
  });
}

test.each(['redirect', 'tproxy'])('a listener with transparent: %s fits a transparent service', (transparent) => {
  expect(check({ bind: ':3129', service: 'guard', transparent })).toEqual([]);
});

test('so does an ordinary listener an ordinary service', () => {
  expect(check({ bind: ':80', service: 'web' })).toEqual([]);
});

test.each(['web', 'browser'])('what is intercepted means nothing to the service %s', (service) => {
  expect(check({ bind: ':3129', service, transparent: 'redirect' })).toEqual([
    expect.stringMatching(/^listeners\.0\.transparent: intercepted connections need a service of mode transparent/),
  ]);
});

test('a transparent service on an ordinary listener would not know where to connect', () => {
  expect(check({ bind: ':3129', service: 'guard' })).toEqual([
    expect.stringMatching(
      /^listeners\.0\.service: the service "guard" is for intercepted connections.*redirect.*tproxy/,
    ),
  ]);
});

test('nothing is intercepted to a unix socket', () => {
  expect(check({ bind: 'unix:/run/inband.sock', service: 'guard', transparent: 'redirect' })).toEqual([
    expect.stringMatching(/^listeners\.0\.bind: a unix socket cannot/),
  ]);
});

test('the transport of Node cannot', () => {
  expect(check({ bind: ':3129', service: 'guard', transparent: 'tproxy' }, { transport: 'node' })).toEqual([
    expect.stringMatching(/^listeners\.0\.transparent: the transport "node" cannot/),
  ]);
});

test('what has the wrong shape is left to the schema', () => {
  expect(checkTransparent({ listeners: 'x', services: ['y'] })).toEqual([]);
  expect(check({ bind: 7, service: 'nobody', transparent: 'redirect' })).toEqual([]);
});

test('chainers that contradict the mode are warned of', () => {
  const services = {
    guard: { ...guard, routes: [...guard.routes, { chainer: { type: 'inband' } }] },
    web: { ...web, routes: [{ chainer: { type: 'transparent' } }] },
  };
  const listeners = [
    { bind: ':3129', service: 'guard', transparent: 'redirect' },
    { bind: ':80', service: 'web' },
  ];
  expect(checkTransparent({ listeners, services })).toEqual([
    expect.objectContaining({ path: ['services', 'guard', 'routes', 1, 'chainer', 'type'], warning: true }),
    expect.objectContaining({ path: ['services', 'web', 'routes', 0, 'chainer', 'type'], warning: true }),
  ]);
});

test('a TLS guard is of mode transparent without saying so: it may go where its clients were going', () => {
  const services = { names: { proxy: 'tls', routes: guard.routes } };
  const listeners = [{ bind: ':3129', service: 'names', transparent: 'redirect' }];
  expect(checkTransparent({ listeners, services })).toEqual([]);
});
