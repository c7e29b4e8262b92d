import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeAuthority, type TestCertificateOptions } from '../../test-support/certificates.ts';
import { alternativeNames } from '../base/alternative-names.ts';
import { namesServer, referenceName, sentName } from './server-identity.ts';

const authority = makeAuthority();

function isFor(options: TestCertificateOptions, name: string): boolean {
  const { raw } = new X509Certificate(authority.issue(options).cert);
  return namesServer(alternativeNames(raw), referenceName(name));
}

describe('a name that a certificate has (RFC 9525 section 6)', () => {
  test.each([
    ['the same name', ['web.example'], 'web.example'],
    ['in any case', ['WEB.Example'], 'Web.eXample'],
    ['with a final dot at the server', ['web.example'], 'web.example.'],
    ['one of several', ['a.example', 'b.example'], 'b.example'],
    ['a wildcard for one label', ['*.shop.example'], 'www.shop.example'],
    ['a wildcard for an A-label', ['*.shop.example'], 'xn--bcher-kva.shop.example'],
    ['an A-label', ['xn--bcher-kva.example'], 'xn--bcher-kva.example'],
    ['an A-label for a name in Unicode', ['xn--bcher-kva.example'], 'Bücher.example'],
    ['a name with an underscore', ['my_host.example'], 'my_host.example'],
    ['a single label', ['localhost'], 'localhost'],
  ])('is certified by %s', (_what, names, name) => expect(isFor({ names }, name)).toBe(true));
});

describe('a name that a certificate does not have', () => {
  test.each([
    ['another name', ['web.example'], 'web.example.org'],
    ['a name below it', ['web.example'], 'www.web.example'],
    ['a name above it', ['www.web.example'], 'web.example'],
    ['a wildcard for no label', ['*.shop.example'], 'shop.example'],
    ['a wildcard for two labels', ['*.shop.example'], 'a.b.shop.example'],
    ['a wildcard that is a part of a label', ['w*.shop.example'], 'www.shop.example'],
    ['a wildcard within an A-label', ['xn--*.shop.example'], 'xn--bcher-kva.shop.example'],
    ['a wildcard that is not the first label', ['www.*.example'], 'www.shop.example'],
    ['two wildcards', ['*.*.example'], 'a.b.example'],
    ['a wildcard for everything', ['*'], 'example'],
    ['a wildcard for a whole top-level domain', ['*.example'], 'shop.example'],
    ['a final dot in the certificate', ['web.example.'], 'web.example'],
    ['an empty name', [''], ''],
    ['a name with a NUL', ['web.example\0.evil.example'], 'web.example'],
    ['an address as a host name', ['192.0.2.1'], '192.0.2.1'],
    ['a name in Unicode in the certificate', ['b\u00fccher.example'], 'b\u00fccher.example'],
  ])('is not certified by %s', (_what, names, name) => expect(isFor({ names }, name)).toBe(false));

  test('is not certified by the common name of the subject', () => {
    expect(isFor({ names: [], commonName: 'web.example' }, 'web.example')).toBe(false);
  });

  test('is not certified by names of other kinds', () => {
    const options = { names: [], uris: ['https://web.example/'], emails: ['root@web.example'] };
    expect(isFor(options, 'web.example')).toBe(false);
  });
});

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['2001:db8::1', '2001:DB8:0::1', true],
    ['2001:db8::1', '[2001:db8::1]', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', 'web.example', false],
  ])('of %s is compared with %s', (address, name, expected) => {
    expect(isFor({ names: [], addresses: [address] }, name)).toBe(expected);
  });
});

test('only names are sent', () => {
  const sent = (name: string) => sentName(referenceName(name));
  expect(sent('Web.Example.')).toBe('web.example');
  expect([sent('192.0.2.1'), sent('[2001:db8::1]'), sent('')]).toEqual([undefined, undefined, undefined]);
});
