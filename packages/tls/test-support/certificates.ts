import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bits, boolean, integer, octets, oid, pem, sequence, setOf, tagged, time, utf8 } from './der.ts';
import { RSA_KEYS } from './rsa-keys.ts';

const DAY = 86_400_000;

/** Of a key, and of the signature that it makes. */
export type TestKeyType = 'ecdsa' | 'ecdsa-p384' | 'rsa' | 'rsa-1024' | 'ed25519';

/** A certificate that was made for a test. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM: `cert`, and those of intermediate authorities. */
  readonly chain: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly serial: Buffer;
}

export interface TestCertificateOptions {
  /** DNS names, also of wildcards. Default, without other names and `commonName`: `['localhost']`. */
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emails?: readonly string[];
  /** Default: the first of `names`, or `test`. */
  readonly commonName?: string;
  /** Default: yesterday. */
  readonly notBefore?: Date;
  /** Default: in 90 days. */
  readonly notAfter?: Date;
  /** Default: `ecdsa`, the fastest. */
  readonly key?: TestKeyType;
  /** What the extended key usage allows. Default: `server`. */
  readonly usage?: 'server' | 'client' | 'both';
  /** Other extensions. */
  readonly extensions?: readonly Buffer[];
}

/** A certificate authority of a test. */
export interface TestAuthority extends TestCertificate {
  issue(options?: TestCertificateOptions): TestCertificate;
  /** An authority below this one. The chains of its certificates contain it. */
  intermediate(commonName?: string, options?: Pick<TestCertificateOptions, 'notAfter'>): TestAuthority;
  /** A list of revoked certificates in PEM, valid from yesterday until `nextUpdate` (default: in 30 days). */
  crl(revoked: readonly Pick<TestCertificate, 'serial'>[], nextUpdate?: Date): string;
}

/** Makes a root. It is made in milliseconds, so that each test can have its own. */
export function makeAuthority(commonName = 'Test CA', options: TestCertificateOptions = {}): TestAuthority {
  const pair = newKeys(options.key ?? 'ecdsa');
  const made = signed({ subject: commonName, pair, options, isAuthority: true });
  return authorityOf(commonName, pair, made, '');
}

/** A certificate that is signed by its own key. */
export function selfSigned(options: TestCertificateOptions = {}): TestCertificate {
  const pair = newKeys(options.key ?? 'ecdsa');
  const made = signed({ subject: subjectOf(options), pair, options, isAuthority: false });
  return { ...made, chain: made.cert };
}

/** The same key, encrypted. */
export function encrypted(key: string, passphrase: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

let nextRsa = 0;

function newKeys(type: TestKeyType): Keys {
  if (type === 'ed25519') return generateKeyPairSync('ed25519');
  if (type === 'rsa-1024') return generateKeyPairSync('rsa', { modulusLength: 1024 });
  if (type !== 'rsa') return generateKeyPairSync('ec', { namedCurve: type === 'ecdsa' ? 'P-256' : 'P-384' });
  nextRsa = (nextRsa + 1) % RSA_KEYS.length;
  const key = Buffer.from(RSA_KEYS[nextRsa] ?? '', 'base64');
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function subjectOf({ commonName, names }: TestCertificateOptions): string {
  return commonName ?? names?.[0] ?? 'test';
}

/** `path`: what its certificates are sent with, up to the root. */
function authorityOf(commonName: string, pair: Keys, made: Made, path: string): TestAuthority {
  const issuer = { commonName, pair };
  return {
    ...made,
    chain: path === '' ? made.cert : path,
    issue: (options = {}) => {
      const leaf = newKeys(options.key ?? 'ecdsa');
      const issued = signed({ subject: subjectOf(options), pair: leaf, options, issuer, isAuthority: false });
      return { ...issued, chain: issued.cert + path };
    },
    intermediate: (name = `Intermediate of ${commonName}`, options = {}) => {
      const keys = newKeys('ecdsa');
      const issued = signed({ subject: name, pair: keys, options, issuer, isAuthority: true });
      return authorityOf(name, keys, issued, issued.cert + path);
    },
    crl: (revoked, nextUpdate = new Date(Date.now() + 30 * DAY)) => revocationList(issuer, revoked, nextUpdate),
  };
}

interface Issuer {
  readonly commonName: string;
  readonly pair: Keys;
}

interface ToSign {
  readonly subject: string;
  readonly pair: Keys;
  readonly options: TestCertificateOptions;
  /** Default: itself. */
  readonly issuer?: Issuer;
  readonly isAuthority: boolean;
}

type Made = Omit<TestCertificate, 'chain'>;

/** RFC 5280 section 4.1. */
function signed({ subject, pair, options, issuer = { commonName: subject, pair }, isAuthority }: ToSign): Made {
  const serial = randomBytes(16);
  // A positive number of full length.
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40);
  const { notBefore = new Date(Date.now() - DAY), notAfter = new Date(Date.now() + 90 * DAY) } = options;
  const extensions = [
    ...(isAuthority ? extensionsOfAuthority() : extensionsOf(options)),
    extension('2.5.29.14', octets(keyIdOf(pair))),
    extension('2.5.29.35', sequence(tagged(0x80, keyIdOf(issuer.pair)))),
    ...(options.extensions ?? []),
  ];
  const content = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithmOf(issuer.pair),
    nameOf(issuer.commonName),
    sequence(time(notBefore), time(notAfter)),
    nameOf(subject),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  const cert = pem('CERTIFICATE', withSignature(content, issuer.pair));
  return { cert, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), serial };
}

/** RFC 5280 section 5.1. */
function revocationList(
  { commonName, pair }: Issuer,
  revoked: readonly Pick<TestCertificate, 'serial'>[],
  nextUpdate: Date,
): string {
  const yesterday = time(new Date(Date.now() - DAY));
  const entries = revoked.map(({ serial }) => sequence(integer(serial), yesterday));
  const content = sequence(
    integer(Buffer.from([1])),
    algorithmOf(pair),
    nameOf(commonName),
    yesterday,
    time(nextUpdate),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tagged(
      0xa0,
      sequence(
        extension('2.5.29.35', sequence(tagged(0x80, keyIdOf(pair)))),
        extension('2.5.29.20', integer(Buffer.from([1]))),
      ),
    ),
  );
  return pem('X509 CRL', withSignature(content, pair));
}

function withSignature(content: Buffer, pair: Keys): Buffer {
  const digest = digestOf(pair);
  return sequence(content, algorithmOf(pair), bits(sign(digest, content, pair.privateKey)));
}

function digestOf({ privateKey }: Keys): string | null {
  if (privateKey.asymmetricKeyType === 'ed25519') return null;
  return isP384(privateKey) ? 'sha384' : 'sha256';
}

function isP384({ asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyDetails?.namedCurve === 'secp384r1';
}

function algorithmOf({ privateKey }: Keys): Buffer {
  if (privateKey.asymmetricKeyType === 'ed25519') return sequence(oid('1.3.101.112'));
  if (privateKey.asymmetricKeyType === 'rsa') {
    return sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]));
  }
  return sequence(oid(isP384(privateKey) ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2'));
}

function nameOf(commonName: string): Buffer {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8(commonName))));
}

function keyIdOf({ publicKey }: Keys): Buffer {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'buffer').subarray(0, 20);
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

function extensionsOfAuthority(): Buffer[] {
  // keyCertSign and cRLSign.
  const keyUsage = tagged(0x03, Buffer.from([1, 0x06]));
  return [extension('2.5.29.19', sequence(boolean(true)), true), extension('2.5.29.15', keyUsage, true)];
}

function extensionsOf(options: TestCertificateOptions): Buffer[] {
  const { usage = 'server' } = options;
  const purposes = [
    ...(usage === 'client' ? [] : [oid('1.3.6.1.5.5.7.3.1')]),
    ...(usage === 'server' ? [] : [oid('1.3.6.1.5.5.7.3.2')]),
  ];
  const alternatives = alternativeNames(options);
  return [
    extension('2.5.29.37', sequence(...purposes)),
    ...(alternatives.length === 0 ? [] : [extension('2.5.29.17', sequence(...alternatives))]),
  ];
}

function alternativeNames({
  names,
  addresses = [],
  uris = [],
  emails = [],
  commonName,
}: TestCertificateOptions): Buffer[] {
  const isNamed = addresses.length + uris.length + emails.length > 0 || commonName !== undefined;
  const dns = names ?? (isNamed ? [] : ['localhost']);
  return [
    ...dns.map((name) => tagged(0x82, Buffer.from(name))),
    ...addresses.map((address) => tagged(0x87, bytesOfAddress(address))),
    ...uris.map((uri) => tagged(0x86, Buffer.from(uri))),
    ...emails.map((email) => tagged(0x81, Buffer.from(email))),
  ];
}

function bytesOfAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text = ''): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
