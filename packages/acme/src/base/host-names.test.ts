import { expect, test } from 'vitest';
import { certificateName, isHostName, isHostNameOrWildcard, matchesName } from './host-names.ts';

test.each(['shop.example', 'a.b.c.example', 'xn--bcher-kva.example', '1.example'])(
  '%s is the name of a host',
  (name) => {
    expect(isHostName(name)).toBe(true);
  },
);

test.each([
  'localhost',
  'Shop.example',
  '10.0.0.1',
  'a..example',
  '-a.example',
  'a-.example',
  'a.example.',
  '*.example',
  'a b.c',
  '',
  '::1',
  'bücher.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(130)}example`,
])('"%s" is none that a CA certifies', (name) => {
  expect(isHostName(name)).toBe(false);
});

test('a wildcard stands for one label', () => {
  expect(isHostNameOrWildcard('*.shop.example')).toBe(true);
  expect(isHostNameOrWildcard('a.*.example')).toBe(false);
  expect(matchesName('*.shop.example', 'a.shop.example')).toBe(true);
  expect(matchesName('*.shop.example', 'a.b.shop.example')).toBe(false);
  expect(matchesName('*.shop.example', 'shop.example')).toBe(false);
  expect(matchesName('shop.example', 'shop.example')).toBe(true);
});

test('files are named by the hosts, whatever their order', () => {
  expect(certificateName(['shop.example'])).toBe('shop.example');
  expect(certificateName(['*.shop.example'])).toBe('_.shop.example');
  const both = certificateName(['a.example', 'b.example', 'c.example']);
  expect(both).toMatch(/^a\.example\+2-[0-9a-f]{8}$/u);
  expect(certificateName(['a.example', 'c.example', 'b.example'])).toBe(both);
});
