import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CertificateAndKey } from './challenge-certificate.ts';
import { type DerElement, readDer } from './der-reader.ts';
import { objectIdentifier } from './der-writer.ts';

/** A certificate of a CA, and what has to be known of it. */
export interface IssuedCertificate extends CertificateAndKey {
  /** The certificate of the host, then those of the authorities, as PEM. */
  readonly certificate: string;
  readonly hosts: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the certificate of the host, in hexadecimal. */
  readonly sha256: string;
  /** Its name in renewal information (RFC 9773 section 4.1), or undefined if the CA did not say which of its keys signed. */
  readonly renewalId: string | undefined;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----\n?/gu;

/** The blocks of PEM in `text`. */
function blocks(text: string): { readonly label: string; readonly pem: string }[] {
  return Array.from(text.matchAll(BLOCK), ([pem, label = '']) => ({
    label,
    pem: pem.endsWith('\n') ? pem : `${pem}\n`,
  }));
}

/** Reads a private key and a chain from one text of PEM. Throws an `Error` that says what is wrong with it. */
export function readIssued(text: string): IssuedCertificate {
  const found = blocks(text);
  const key = found.find(({ label }) => label.endsWith('PRIVATE KEY'))?.pem;
  const chain = found.filter(({ label }) => label === 'CERTIFICATE').map(({ pem }) => pem);
  const [leafPem] = chain;
  if (key === undefined || leafPem === undefined) throw new Error('A private key and a certificate are expected.');
  const leaf = new X509Certificate(leafPem);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('The certificate is not that of the key.');
  return {
    certificate: chain.join(''),
    key,
    hosts: hostsOf(leaf),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    renewalId: renewalIdOf(leaf.raw),
  };
}

/** The DNS names of a certificate, in lower case. */
function hostsOf({ subjectAltName }: X509Certificate): string[] {
  const entries = subjectAltName?.split(', ') ?? [];
  return entries.filter((entry) => entry.startsWith('DNS:')).map((entry) => entry.slice(4).toLowerCase());
}

/** The key identifier of the authority and the serial number, each in base64url (RFC 9773 section 4.1). */
export function renewalIdOf(certificate: Buffer): string | undefined {
  const [whole] = readDer(certificate);
  const [body] = whole === undefined ? [] : readDer(whole.content);
  const parts = body === undefined ? [] : readDer(body.content);
  const serial = parts.find(({ tag }) => tag === 0x02);
  const authority = authorityKeyId(parts.find(({ tag }) => tag === 0xa3));
  if (serial === undefined || authority === undefined) return undefined;
  return `${authority.toString('base64url')}.${serial.content.toString('base64url')}`;
}

function authorityKeyId(extensions: DerElement | undefined): Buffer | undefined {
  const identifier = objectIdentifier('2.5.29.35');
  const [list] = extensions === undefined ? [] : readDer(extensions.content);
  for (const entry of list === undefined ? [] : readDer(list.content)) {
    const parts = readDer(entry.content);
    if (parts[0]?.whole.equals(identifier) !== true) continue;
    const [value] = readDer(parts.at(-1)?.content ?? Buffer.alloc(0));
    return value === undefined ? undefined : readDer(value.content).find(({ tag }) => tag === 0x80)?.content;
  }
  return undefined;
}
