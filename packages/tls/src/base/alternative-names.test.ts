import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeAuthority } from '../../test-support/certificates.ts';
import { alternativeNames } from './alternative-names.ts';

test('reads names of every kind that are used', () => {
  const options = {
    names: ['a.example', '*.b.example'],
    uris: ['spiffe://example/job, DNS:evil.example'],
    emails: ['ops@example.com'],
    addresses: ['192.0.2.1', '2001:db8::1'],
  };
  const { raw } = new X509Certificate(makeAuthority().issue(options).cert);
  const { addresses, ...names } = alternativeNames(raw);
  expect(names).toEqual({ dns: options.names, uris: options.uris, emails: options.emails });
  expect(addresses.map((each) => each.toString('hex'))).toEqual(['c0000201', '20010db8000000000000000000000001']);
});

test('bytes that are no certificate are a RangeError, or have no names', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        alternativeNames(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});
