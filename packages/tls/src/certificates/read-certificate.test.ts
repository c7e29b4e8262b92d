import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encrypted, makeAuthority, selfSigned } from '../../test-support/certificates.ts';
import { coversHost } from './server-names.ts';
import { readCertificate } from './read-certificate.ts';

const root = makeAuthority('Root');
const issuer = root.intermediate('Issuer');
const leaf = issuer.issue({
  names: ['Shop.example', '*.shop.example', 'x*.example', '*', '*.example'],
  addresses: ['192.0.2.1', '2001:db8::1'],
  uris: ['https://shop.example'],
});
const read = (certificate: string, key: string) =>
  readCertificate({ certificate, key, file: 'a.pem', keyFile: 'a.key' });

test('a certificate is read with its chain, its names and its key', () => {
  const certificate = read(`a comment\r\n${leaf.chain}`, leaf.key);
  expect(certificate).toMatchObject({
    certificate: leaf.chain,
    key: leaf.key,
    file: 'a.pem',
    names: ['shop.example', '*.shop.example'],
    addresses: ['192.0.2.1', '2001:db8::1'],
    keyType: 'ecdsa-p256',
    subject: 'CN=Shop.example',
    issuer: 'CN=Issuer',
    chainProblem: undefined,
  });
  expect(certificate.notAfter).toBe(new X509Certificate(leaf.cert).validToDate.getTime());
  expect(read(leaf.chain, leaf.key).hash).toBe(certificate.hash);
  expect(read(leaf.cert, leaf.key).hash).not.toBe(certificate.hash);
});

test.each(['ecdsa', 'ecdsa-p384', 'rsa', 'ed25519'] as const)('a key of type %s is known', (key) => {
  const { cert, key: pem } = selfSigned({ key });
  const expected = key === 'ecdsa' ? 'ecdsa-p256' : key;
  expect(readCertificate({ certificate: cert + pem, key: cert + pem, file: 'both.pem' }).keyType).toBe(expected);
});

test('line ends of Windows change nothing', () => {
  const windows = (pem: string) => pem.replaceAll('\n', '\r\n');
  expect(read(windows(leaf.chain), windows(leaf.key)).hash).toBe(read(leaf.chain, leaf.key).hash);
});

const other = selfSigned();
const unnamed = issuer.issue({ commonName: 'x.example' });
const weak = selfSigned({ key: 'rsa-1024' });

describe('says which file is of no use, and why:', () => {
  test.each([
    ['an empty file', '', leaf.key, 'a.pem: it has no certificate: nothing in it is PEM.'],
    ['a key in the place of the certificate', leaf.key, leaf.key, 'a.pem: it has no certificate, only PRIVATE KEY.'],
    ['a certificate in the place of the key', leaf.cert, leaf.cert, 'a.key: it has no private key.'],
    ['two keys', leaf.cert, leaf.key + other.key, 'a.key: it has several private keys.'],
    [
      'DER',
      '0\x82\x01\x02',
      leaf.key,
      'a.pem: it is not PEM but binary (DER or PKCS #12); "openssl x509" or "openssl pkcs12" converts it.',
    ],
    [
      'half a file',
      leaf.chain.slice(0, -40),
      leaf.key,
      `a.pem: the "BEGIN CERTIFICATE" of line ${leaf.cert.split('\n').length} has no "END CERTIFICATE"; the file is not whole.`,
    ],
    [
      'the key of another',
      leaf.chain,
      other.key,
      'a.pem: the private key in a.key is not that of the certificate (CN=Shop.example).',
    ],
    [
      'the certificate behind its issuer',
      issuer.cert + leaf.cert,
      leaf.key,
      'a.pem: the certificate of the key is the 2nd one; it has to be the first.',
    ],
    [
      'an encrypted key',
      leaf.cert,
      encrypted(leaf.key, 'secret'),
      'a.key: its private key is encrypted, and nobody is there to type the password; "openssl pkey" decrypts it.',
    ],
    [
      'a certificate without names',
      unnamed.cert,
      unnamed.key,
      'a.pem: its subjectAltName has no name and no address of a server, so that no client would accept it.',
    ],
  ])('for %s the message names the file', (_what, certificate, key, expected) => {
    expect(() => read(certificate, key)).toThrow(expected);
  });

  test('a certificate without a key in its file, and none of the key', () => {
    expect(() => readCertificate({ certificate: leaf.cert, key: leaf.cert, file: 'a.pem' })).toThrow(
      'a.pem: it has no private key, and no file with one is named by "key" or beside it.',
    );
  });

  test('not for one that a client shows, without a name of a server', () => {
    const written = { certificate: unnamed.cert, key: unnamed.key, file: 'a.pem', isForClient: true };
    expect(readCertificate(written)).toMatchObject({ names: [], addresses: [] });
  });

  test('something that only looks like a certificate', () => {
    const broken = leaf.cert.replace(/\n.{20}/, '\n');
    expect(() => read(leaf.cert + broken, leaf.key)).toThrow(/^a\.pem: its 2nd certificate cannot be read: /);
    expect(() => read(leaf.cert, leaf.key.replace(/\n.{20}/, '\n'))).toThrow(
      /^a\.key: its private key cannot be read: /,
    );
  });

  test('a key that is too short', () => {
    expect(() => readCertificate({ certificate: weak.cert, key: weak.key, file: 'a.pem' })).toThrow(
      'a.pem: its RSA key has 1024 bits, and needs 2048 at least.',
    );
  });
});

test('a chain out of order is used, and said', () => {
  const certificate = read(leaf.cert + root.cert + issuer.cert, leaf.key);
  expect(certificate.chainProblem).toBe(
    'a.pem: its chain is out of order: the 2nd certificate has not issued the 1st one; some clients will refuse it.',
  );
});

test('a certificate covers its names, names below a wildcard, and its addresses', () => {
  const certificate = read(leaf.chain, leaf.key);
  const covered = ['shop.example', 'SHOP.example', 'a.shop.example', '192.0.2.1', '2001:db8::1'];
  const others = ['a.b.shop.example', '.shop.example', 'shop', 'xy.example', '192.0.2.2', '*.other.example'];
  expect(covered.filter((host) => !coversHost(certificate, host))).toEqual([]);
  expect(others.filter((host) => coversHost(certificate, host))).toEqual([]);
});
