import { expect, test } from 'vitest';
import { storePlace } from './store-place.ts';

test.each([
  ['redis', 'redis://127.0.0.1', { at: { host: '127.0.0.1', port: 6_379 }, isSecure: false }],
  ['redis', 'redis://[::1]:7000/3', { at: { host: '::1', port: 7_000 }, isSecure: false, database: 3 }],
  ['redis', 'rediss://a.internal:1', { at: { host: 'a.internal', port: 1 }, isSecure: true }],
  ['redis', 'valkeys://a.internal', { at: { host: 'a.internal', port: 6_379 }, isSecure: true }],
  ['redis', 'redis://ann:a%40b@a/', { at: { host: 'a', port: 6_379 }, user: 'ann', password: 'a@b' }],
  ['redis', 'unix:/run/my%20store.sock', { at: { path: '/run/my store.sock' }, isSecure: false }],
  ['redis', 'unix:///run/valkey.sock', { at: { path: '/run/valkey.sock' } }],
  ['nats', 'nats://a', { addresses: [{ host: 'a', port: 4_222 }], isSecure: false }],
  ['nats', 'nats://ann:a@a', { user: 'ann', password: 'a' }],
  ['nats', 'nats://sesame@a', { token: 'sesame' }],
  ['nats', 'tls://a:1', { addresses: [{ host: 'a', port: 1 }], isSecure: true }],
] as const)('the URL of a store of type %s may be %s', (type, url, place) => {
  expect(storePlace({ type, url })).toMatchObject(place);
});

test.each([
  ['redis', 'http://a'],
  ['redis', 'a:6379'],
  ['redis', 'redis://'],
  ['redis', 'redis://a/one'],
  ['redis', 'redis://a?tls=true'],
  ['redis', 'unix:'],
  ['redis', 'unix://host/a'],
  ['nats', 'nats://a/1'],
  ['nats', 'redis://a'],
] as const)('no store of type %s has the URL %s', (type, url) => {
  expect(storePlace({ type, url })).toEqual(['url', expect.stringMatching(/^expected a URL such as /)]);
});

test('addresses are those of a Cluster, of Sentinels, or of NATS', () => {
  const servers = ['10.0.0.1:7', '[fd00::1]', 'a.internal'];
  const at = (port: number) => [
    { host: '10.0.0.1', port: 7 },
    { host: 'fd00::1', port },
    { host: 'a.internal', port },
  ];
  expect(storePlace({ type: 'redis', servers })).toMatchObject({ at: { cluster: at(6_379) } });
  expect(storePlace({ type: 'redis', servers, master: 'edge' })).toMatchObject({
    at: { sentinels: at(26_379), master: 'edge' },
  });
  expect(storePlace({ type: 'nats', servers })).toMatchObject({ addresses: at(4_222) });
});

test.each(['', 'a:b', 'a:1/x', 'u@a', '[::1', 'a:70000'])('a store has no address %j', (server) => {
  expect(storePlace({ type: 'redis', servers: [server] })).toEqual(['servers', expect.stringContaining('found')]);
});

test.each([
  [{ type: 'redis' }, 'url'],
  [{ type: 'nats' }, 'url'],
  [{ type: 'redis', url: 'redis://a', servers: ['a'] }, 'servers'],
  [{ type: 'redis', url: 'redis://a', master: 'm' }, 'master'],
  [{ type: 'nats', servers: ['a'], master: 'm' }, 'master'],
] as const)('the place %j is wrong, at the key %s', (written, key) => {
  expect(storePlace(written)).toEqual([key, expect.any(String)]);
});
