import type { ServerCertificate } from '@inband/tls';
import { expect, test } from 'vitest';
import { coalescingProblems } from './coalescing.ts';

function certificate(file: string, ...names: string[]): ServerCertificate {
  return {
    certificate: '',
    key: '',
    hash: file,
    file,
    names,
    addresses: [],
    keyType: 'rsa',
    notBefore: 0,
    notAfter: 0,
    subject: '',
    issuer: '',
    fingerprint: '',
    chainProblem: undefined,
  };
}

const warned = (passed: unknown, ...names: string[]) => {
  const match = [{ names: 'admin.example', refuse: 'alert' }, { names: passed, pass: 'guard' }, 7];
  return coalescingProblems(match, [certificate('a.pem', ...names)], ['listeners', 0, 'tls']).length > 0;
};

test.each([
  ['the same name', 'b.example', ['a.example', 'b.example']],
  ['a name below a wildcard of the certificate', ['x.example', 'B.shop.example'], ['*.shop.example']],
  ['a name below a pattern', '*.shop.example', ['shop.example', 'deep.b.shop.example']],
  ['a wildcard below a pattern', '*.example', ['other.test', '*.shop.example']],
])('a certificate that ends here is warned of if it has %s that is passed on', (_what, passed, names) => {
  expect(warned(passed, ...names)).toBe(true);
});

test.each([
  ['other names', 'b.example', ['a.example', '*.shop.example']],
  ['a wildcard, of one label, above the name', 'a.b.shop.example', ['*.shop.example']],
  ['only names that are passed on', ['b.example', '*.shop.example'], ['b.example', '*.shop.example']],
  ['names, and every ClientHello is passed on', undefined, ['a.example']],
])('nothing is said of a certificate with %s', (_what, passed, names) => {
  expect(warned(passed, ...names)).toBe(false);
});

test('the first rule that matches decides', () => {
  const match = [
    { names: 'b.example', terminate: 'web' },
    { names: ['*.example'], pass: 'guard' },
  ];
  const said = (...names: string[]) => coalescingProblems(match, [certificate('a.pem', ...names)], []).length;
  expect(said('b.example', 'shop.test')).toBe(0);
  expect(said('b.example', 'c.example')).toBe(1);
  const wild = [{ names: '*.shop.example', terminate: 'web' }, { pass: 'guard' }];
  expect(coalescingProblems(wild, [certificate('a.pem', '*.shop.example')], [])).toEqual([]);
  expect(coalescingProblems(wild, [certificate('a.pem', '*.shop.example', 'shop.example')], [])).toHaveLength(1);
  const rest = [{ names: 'a.example', terminate: 'web' }, { pass: 'guard' }];
  expect(coalescingProblems(rest, [certificate('a.pem', 'a.example', 'b.example')], [])).toHaveLength(1);
});

test('the message names the file, the names, and the place', () => {
  const names = ['a.example', 'b1.example', 'b2.example', 'b3.example', 'b4.example'];
  const match = [{ names: names.slice(1), pass: 'guard' }];
  expect(coalescingProblems(match, [certificate('a.pem', ...names)], ['listeners', 0, 'tls'])).toEqual([
    {
      path: ['listeners', 0, 'tls', 'match'],
      warning: true,
      message:
        'a.pem is also for what is passed on (b1.example, b2.example, b3.example, …): a browser that is connected for another of its names may ask for that on the same connection; use a certificate without it.',
    },
  ]);
});

test('nothing is said where nothing is passed on, or what is written has another type', () => {
  for (const match of [undefined, 7, [], [{ names: 'a.example', terminate: 'web' }]]) {
    expect(coalescingProblems(match, [certificate('a.pem', 'a.example')], [])).toEqual([]);
  }
});
