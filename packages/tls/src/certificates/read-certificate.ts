import { createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto';
import { type ServerNames, serverNamesOf } from './server-names.ts';
import { CertificateError } from './certificate-error.ts';
import { certificatesIn, type PemBlock, pemBlocks } from './pem-blocks.ts';
import type { KeyType, ServerCertificate } from './server-certificate.ts';

/** OpenSSL refuses shorter ones at its default security level. */
const SHORTEST_RSA = 2048;

/** A certificate as it was read, with the names of its files for messages. */
export interface WrittenCertificate {
  /** PEM: the certificate, and its chain. */
  readonly certificate: string;
  /** PEM. It may hold the certificate as well. */
  readonly key: string;
  readonly file: string;
  /** Default: `file`. */
  readonly keyFile?: string;
  /** A client shows it to servers, which do not look for a name of a server in it. */
  readonly isForClient?: boolean | undefined;
}

/** Reads a certificate with its chain and its key, and checks that they belong together. Throws a {@link CertificateError}. */
export function readCertificate(written: WrittenCertificate): ServerCertificate {
  const { file, keyFile = file, isForClient = false } = written;
  const blocks = pemBlocks(written.certificate, file);
  const chain = certificatesIn(blocks);
  const [leaf, ...issuers] = chain.map((pem, index) => {
    return index === 0 ? parsedCertificate(pem, file, index) : parsedIssuer(pem, file, index);
  });
  if (leaf === undefined) throw new CertificateError(file, withoutCertificate(blocks));
  const key = keyIn(pemBlocks(written.key, keyFile), keyFile, keyFile !== file);
  if (!leaf.checkPrivateKey(key.object)) throw notItsKey(leaf, issuers, key.object, written);
  const names = namesOf(leaf, file);
  if (!isForClient && names.names.length + names.addresses.length === 0) {
    throw new CertificateError(
      file,
      'its subjectAltName has no name and no address of a server, so that no client would accept it',
    );
  }
  const certificate = chain.join('');
  return {
    certificate,
    key: key.pem,
    hash: hash('sha256', `${certificate}${key.pem}`),
    file,
    ...names,
    keyType: keyTypeOf(key.object, keyFile),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    subject: inOneLine(leaf.subject),
    issuer: inOneLine(leaf.issuer),
    fingerprint: leaf.fingerprint256,
    chainProblem: chainProblem([leaf, ...issuers], file),
  };
}

function namesOf(leaf: X509Certificate, file: string): ServerNames {
  try {
    return serverNamesOf(leaf.raw);
  } catch (error) {
    throw new CertificateError(file, `its subjectAltName cannot be read: ${reasonOf(error)}`);
  }
}

/** A certificate of a PEM file; `index` is its place there. Throws a {@link CertificateError}. */
export function parsedCertificate(pem: string, file: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CertificateError(file, `its ${ordinal(index)} certificate cannot be read: ${reasonOf(error)}`);
  }
}

/** Thousands of certificates have the same few issuers. */
const knownIssuers = new Map<string, X509Certificate>();
const MOST_KNOWN = 100;

function parsedIssuer(pem: string, file: string, index: number): X509Certificate {
  const issuer = knownIssuers.get(pem) ?? parsedCertificate(pem, file, index);
  if (knownIssuers.size >= MOST_KNOWN) knownIssuers.clear();
  knownIssuers.set(pem, issuer);
  return issuer;
}

function withoutCertificate(blocks: readonly PemBlock[]): string {
  if (blocks.length === 0) return 'it has no certificate: nothing in it is PEM';
  const labels = [...new Set(blocks.map(({ label }) => label))];
  return `it has no certificate, only ${labels.join(', ')}`;
}

const KEY_LABELS: ReadonlySet<string> = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);

function isKey({ label }: PemBlock): boolean {
  return KEY_LABELS.has(label) || label === 'ENCRYPTED PRIVATE KEY';
}

function keyIn(
  blocks: readonly PemBlock[],
  file: string,
  hasFile: boolean,
): { readonly pem: string; readonly object: KeyObject } {
  const [block, ...others] = blocks.filter(isKey);
  if (block === undefined) {
    const elsewhere = hasFile ? '' : ', and no file with one is named by "key" or beside it';
    throw new CertificateError(file, `it has no private key${elsewhere}`);
  }
  if (others.length > 0) throw new CertificateError(file, 'it has several private keys');
  if (block.label === 'ENCRYPTED PRIVATE KEY' || block.text.includes('4,ENCRYPTED')) {
    throw new CertificateError(
      file,
      'its private key is encrypted, and nobody is there to type the password; "openssl pkey" decrypts it',
    );
  }
  try {
    return { pem: block.text, object: createPrivateKey(block.text) };
  } catch (error) {
    throw new CertificateError(file, `its private key cannot be read: ${reasonOf(error)}`);
  }
}

function notItsKey(
  leaf: X509Certificate,
  issuers: readonly X509Certificate[],
  key: KeyObject,
  { file, keyFile = file }: WrittenCertificate,
): CertificateError {
  const own = issuers.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (own !== -1) {
    return new CertificateError(
      file,
      `the certificate of the key is the ${ordinal(own + 1)} one; it has to be the first`,
    );
  }
  const which = keyFile === file ? 'its private key' : `the private key in ${keyFile}`;
  return new CertificateError(file, `${which} is not that of the certificate (${inOneLine(leaf.subject)})`);
}

const CURVES: Readonly<Record<string, KeyType>> = {
  prime256v1: 'ecdsa-p256',
  secp384r1: 'ecdsa-p384',
  secp521r1: 'ecdsa-p521',
};

function keyTypeOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject, file: string): KeyType {
  const { namedCurve = '', modulusLength = 0 } = asymmetricKeyDetails;
  switch (asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength >= SHORTEST_RSA) return asymmetricKeyType;
      throw new CertificateError(file, `its RSA key has ${modulusLength} bits, and needs ${SHORTEST_RSA} at least`);
    case 'ed25519':
    case 'ed448':
      return asymmetricKeyType;
    default: {
      const known = CURVES[namedCurve];
      if (known !== undefined) return known;
      throw new CertificateError(
        file,
        `no client accepts keys of its type (${namedCurve === '' ? String(asymmetricKeyType) : namedCurve})`,
      );
    }
  }
}

/** Each certificate has to be signed by the one behind it (RFC 8446 section 4.4.2 only recommends it; older clients insist). */
function chainProblem(chain: readonly X509Certificate[], file: string): string | undefined {
  const wrong = chain.findIndex((certificate, index) => {
    const issuer = chain[index + 1];
    return issuer !== undefined && !certificate.checkIssued(issuer);
  });
  if (wrong === -1) return undefined;
  return `${file}: its chain is out of order: the ${ordinal(wrong + 1)} certificate has not issued the ${ordinal(wrong)} one; some clients will refuse it.`;
}

function ordinal(index: number): string {
  return ['1st', '2nd', '3rd'][index] ?? `${index + 1}th`;
}

function inOneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}

/** OpenSSL begins its messages with a number. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^error:[0-9A-F]+:/i, '').replaceAll(/:+/g, ': ');
}
