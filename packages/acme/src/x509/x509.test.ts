import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { signCertificate, toPem } from './certificate.ts';
import { certificateRequest } from './certificate-request.ts';
import { challengeCertificate } from './challenge-certificate.ts';
import { readDer } from './der-reader.ts';
import { integer, objectIdentifier, sequence, time, utf8String } from './der-writer.ts';
import { keyToPem, newKey } from './ec-keys.ts';
import { readIssued, renewalIdOf } from './issued-certificate.ts';
import { subjectAltName } from './names.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');

test('numbers, identifiers and times are written as X.690 and RFC 5280 want them', () => {
  expect(integer(Buffer.from([0, 0, 0x7f])).toString('hex')).toBe('02017f');
  expect(integer(Buffer.from([0x80])).toString('hex')).toBe('02020080');
  expect(integer(Buffer.from([0])).toString('hex')).toBe('020100');
  expect(objectIdentifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  expect(time(Date.parse('2049-12-31T23:59:59Z')).subarray(2).toString()).toBe('491231235959Z');
  expect(time(Date.parse('2050-01-01T00:00:00Z')).subarray(2).toString()).toBe('20500101000000Z');
});

test.each([0, 127, 128, 255, 256, 65_000])('an element of %i bytes is read as it was written', (size) => {
  const text = 'x'.repeat(size);
  const [outer] = readDer(sequence(utf8String(text)));
  const [inner] = readDer(outer?.content ?? Buffer.alloc(0));
  expect(inner?.content.toString()).toBe(text);
});

test.each(['30', '3080', '300500', '308500', '3084ffffffff'])(
  'DER that is cut off or too long is refused: %s',
  (hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  },
);

test('a challenge certificate is self-signed, for its host alone, and has the hash in a critical extension', () => {
  const { certificate, key } = challengeCertificate('shop.example', 'token.thumbprint', NOW);
  const parsed = new X509Certificate(certificate);
  expect(parsed.subjectAltName).toBe('DNS:shop.example');
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(readIssued(key + certificate).hosts).toEqual(['shop.example']);
  // RFC 8737 section 3: the identifier, TRUE, and 32 bytes within two OCTET STRINGs.
  const hash = createHash('sha256').update('token.thumbprint').digest('hex');
  expect(parsed.raw.toString('hex')).toContain(`06082b0601050507011f0101ff04220420${hash}`);
});

test('a certificate request is signed by its key and names all hosts', () => {
  const key = newKey();
  const [whole] = readDer(certificateRequest(['a.example', '*.b.example'], key));
  const [info] = readDer(whole?.content ?? Buffer.alloc(0));
  const parts = readDer(info?.content ?? Buffer.alloc(0));
  expect(parts[2]?.whole).toEqual(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  expect(parts[3]?.content.includes('a.example')).toBe(true);
  expect(parts[3]?.content.includes('*.b.example')).toBe(true);
});

test('a key and a chain are read from one text, and a key of another certificate is refused', () => {
  const key = newKey();
  const content = {
    subject: 'a.example',
    issuer: 'CA',
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    notBefore: NOW,
    notAfter: NOW + 86_400_000,
    extensions: [subjectAltName(['a.example', 'b.example'])],
  };
  const pem = toPem('CERTIFICATE', signCertificate(content, newKey()));
  const issued = readIssued(keyToPem(key) + pem);
  expect(issued).toMatchObject({ hosts: ['a.example', 'b.example'], notBefore: NOW, notAfter: NOW + 86_400_000 });
  expect(issued.renewalId).toBeUndefined();
  expect(() => readIssued(keyToPem(newKey()) + pem)).toThrow('not that of the key');
  expect(() => readIssued(pem)).toThrow('A private key and a certificate are expected.');
});

test('the name in renewal information is that of the example in RFC 9773', () => {
  // Appendix A of RFC 9773.
  const certificate = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;
  expect(renewalIdOf(new X509Certificate(certificate).raw)).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});
