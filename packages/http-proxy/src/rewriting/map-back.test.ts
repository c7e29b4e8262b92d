import { expect, test } from 'vitest';
import { cookieBack, type Mapping, urlBack } from './map-back.ts';

const mapping: Mapping = {
  path: { from: '/api/', to: '/v1/' },
  server: { host: 'api.internal', port: 443 },
  asked: { host: 'shop.example', port: 80, scheme: 'http' },
};

test.each([
  ['/v1/a?b#c', '/api/a?b#c'],
  ['https://api.internal/v1/a', 'http://shop.example/api/a'],
  ['https://API.internal:443/v1/', 'http://shop.example/api/'],
  ['//api.internal/v1/', 'http://shop.example/api/'],
])('%s is %s for the client', (url, expected) => {
  expect(urlBack(url, mapping)).toBe(expected);
});

test.each([
  '/other/',
  '/v1',
  'v1/a',
  '?a',
  '',
  'https://api.internal/other',
  'https://api.internal:8443/v1/',
  'https://login.example/v1/',
  '//login.example/v1/',
  'https://api.internal@evil.example/v1/',
  'https://api.internal\\@evil.example/v1/',
  'ftp://api.internal/v1/',
])('%s stays as it is', (url) => {
  expect(urlBack(url, mapping)).toBeUndefined();
});

test.each(['/v1//evil.example/', '/v1/\\evil.example/', '/v1///evil.example/'])(
  '%s is of the same host also where its prefix is taken away',
  (url) => {
    const back = urlBack(url, { ...mapping, path: { from: '/', to: '/v1/' } }) ?? url;
    expect(new URL(back, 'http://shop.example/a').host).toBe('shop.example');
  },
);

test('without a path only the host is mapped, and the port of the client is written where it is unusual', () => {
  const asked = { host: '::1', port: 8080, scheme: 'http' } as const;
  expect(urlBack('https://api.internal', { ...mapping, path: undefined, asked })).toBe('http://[::1]:8080/');
  expect(urlBack('/v1/a', { ...mapping, path: undefined })).toBe('/v1/a');
});

test.each([
  ['a=b; Path=/v1/; HttpOnly', 'a=b; Path=/api/; HttpOnly'],
  ['a=b; path=/v1', 'a=b; Path=/api'],
  ['a=/v1/;Domain=.api.internal;Path=/v1/x;Secure', 'a=/v1/; Domain=shop.example; Path=/api/x;Secure'],
])('the cookie %s is %s for the client', (cookie, expected) => {
  expect(cookieBack(cookie, mapping)).toBe(expected);
});

test.each(['a=b', 'a=b; Path=/', 'a=b; Domain=internal; Secure', 'path=/v1/'])(
  'the cookie %s stays as it is',
  (cookie) => {
    expect(cookieBack(cookie, mapping)).toBeUndefined();
  },
);

test('a prefix that is taken away is there again in cookies of the whole server', () => {
  expect(cookieBack('a=b; Path=/', { ...mapping, path: { from: '/api/', to: '/' } })).toBe('a=b; Path=/api/');
});
