import { beforeEach, describe, expect, test } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
import { processorTime } from '../../../../test/support/tiers/processor-time.ts';
import { makeAuthority, type TestCertificateOptions } from '../../test-support/certificates.ts';
import { CertificateStore } from './certificate-store.ts';
import { readCertificate } from './read-certificate.ts';
import type { ServerCertificate } from './server-certificate.ts';

const DAY = 86_400_000;
const authority = makeAuthority();

function made(file: string, options: TestCertificateOptions): ServerCertificate {
  const { chain, key } = authority.issue(options);
  return readCertificate({ certificate: chain, key, file });
}

let now = Date.now();
let store: CertificateStore;

beforeEach(() => {
  now = Date.now();
  store = new CertificateStore({ now: () => now });
});

const chosen = (serverName: string | undefined, signatureSchemes?: readonly number[]) =>
  store.choose({ serverName, signatureSchemes })?.file;

describe('a certificate is chosen', () => {
  test('by its exact name before a wildcard, in any case, for one label', () => {
    store.setSource('files', [
      made('wild', { names: ['*.a.example'] }),
      made('exact', { names: ['a.example', 'b.a.example'] }),
    ]);
    expect(['a.example', 'B.A.EXAMPLE', 'c.a.example', 'd.c.a.example'].map((name) => chosen(name))).toEqual([
      'exact',
      'exact',
      'wild',
      undefined,
    ]);
  });

  test('by the address for a client without a name, and never by the name of an address', () => {
    store.setSource('files', [made('address', { addresses: ['192.0.2.1', '2001:db8::1'] })]);
    expect(store.choose({ serverName: undefined, localAddress: '2001:db8::1' })?.file).toBe('address');
    expect(store.choose({ serverName: undefined, localAddress: '192.0.2.2' })).toBeUndefined();
    expect(store.choose({ serverName: undefined })).toBeUndefined();
  });

  test('by what the client can verify, where there are keys of two types', () => {
    store.setSource('files', [
      made('rsa', { names: ['a.example'], key: 'rsa' }),
      made('p384', { names: ['a.example'], key: 'ecdsa-p384' }),
      made('p256', { names: ['a.example'], key: 'ecdsa' }),
    ]);
    const [p256, p384, pss, pkcs1, ed25519] = [0x0403, 0x0503, 0x0804, 0x0401, 0x0807];
    expect(chosen('a.example', [pss, p384, p256])).toBe('p256');
    expect(chosen('a.example', [pss, p384])).toBe('p384');
    expect(chosen('a.example', [pkcs1])).toBe('rsa');
    expect(chosen('a.example', [ed25519])).toBe('rsa');
    expect(chosen('a.example')).toBe('rsa');
  });

  test('as the first of several with keys of one type, unless it is not valid', () => {
    const first = made('first', { names: ['a.example'], notAfter: new Date(now + 10 * DAY) });
    store.setSource('files', [first, made('second', { names: ['a.example'] })]);
    expect(chosen('a.example')).toBe('first');
    now += 11 * DAY;
    store.refreshIfDue();
    expect(chosen('a.example')).toBe('second');
    expect(store.certificates.map((each) => store.isChosen(each))).toEqual([false, true]);
  });

  test('as soon as it is valid', () => {
    store.setSource('files', [
      made('next', { names: ['a.example'], notBefore: new Date(now + DAY) }),
      made('current', { names: ['a.example'] }),
    ]);
    expect(chosen('a.example')).toBe('current');
    now += DAY + 1_000;
    store.refreshIfDue();
    expect(chosen('a.example')).toBe('next');
  });

  test('even if it has expired, where there is no other', () => {
    store.setSource('files', [made('old', { names: ['a.example'], notAfter: new Date(now - DAY) })]);
    expect(chosen('a.example')).toBe('old');
  });

  test('from the files before those of ACME', () => {
    store.setSource('acme', [made('acme', { names: ['a.example', 'b.example'] })]);
    store.setSource('files', [made('file', { names: ['a.example'] })]);
    expect([chosen('a.example'), chosen('b.example')]).toEqual(['file', 'acme']);
    store.setSource('acme', []);
    expect([chosen('a.example'), chosen('b.example')]).toEqual(['file', undefined]);
  });

  test('for other names and none by the default', () => {
    store = new CertificateStore({ defaultName: 'www.A.example' });
    expect(chosen(undefined)).toBeUndefined();
    store.setSource('files', [made('wild', { names: ['*.a.example'] }), made('other', { names: ['b.example'] })]);
    expect([chosen('b.example'), chosen('c.example'), chosen(undefined)]).toEqual(['other', 'wild', 'wild']);
  });
});

test('who listens hears of each change until it stops', () => {
  let heard = 0;
  const stop = store.onChange(() => (heard += 1));
  store.setSource('files', []);
  store.refreshIfDue();
  expect(heard).toBe(1);
  stop();
  store.setSource('files', []);
  expect(heard).toBe(1);
});

test('ten thousand certificates are put in order and found without looking at each', () => {
  const count = perForm(10_000, 2_000);
  const one = made('one', { names: ['a.example'] });
  const many = Array.from({ length: count }, (_, index) => ({
    ...one,
    file: `${index}`,
    names: [`${index}.example`],
  }));
  store.setSource('files', many);
  const took = processorTime(() => {
    for (let round = 0; round < count; round += 1) {
      if (chosen(`${round}.example`) !== `${round}`) expect.fail(`${round}`);
    }
  });
  // A scan of all names for each would be 50 million comparisons.
  expect(took).toBeLessThan(5_000);
});
