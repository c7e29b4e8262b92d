import { createHash, createPublicKey } from 'node:crypto';
import { signCertificate, toPem } from './certificate.ts';
import { octetString } from './der-writer.ts';
import { keyToPem, newKey } from './ec-keys.ts';
import { extension, subjectAltName } from './names.ts';

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAY = 86_400_000;

/** A certificate and its key, both as PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificate that answers a tls-alpn-01 challenge (RFC 8737 section 3): self-signed, for `host` alone, with the hash of the key
 * authorization in a critical extension.
 */
export function challengeCertificate(host: string, keyAuthorization: string, now: number): CertificateAndKey {
  const key = newKey();
  const hash = createHash('sha256').update(keyAuthorization).digest();
  const der = signCertificate(
    {
      subject: 'ACME challenge',
      issuer: 'ACME challenge',
      publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
      notBefore: now - DAY,
      notAfter: now + 7 * DAY,
      extensions: [subjectAltName([host]), extension(ACME_IDENTIFIER, octetString(hash), true)],
    },
    key,
  );
  return { certificate: toPem('CERTIFICATE', der), key: keyToPem(key) };
}
