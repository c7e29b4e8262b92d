import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { signCertificate, toPem } from '../src/x509/certificate.ts';
import { readDer } from '../src/x509/der-reader.ts';
import { implicit, octetString, sequence } from '../src/x509/der-writer.ts';
import { extension, subjectAltName } from '../src/x509/names.ts';

/** The key of a CA, and from when to how many milliseconds later its certificates are valid. */
export interface Signing {
  readonly key: KeyObject;
  readonly now: number;
  readonly lifetime: number;
}

/** The certificate of a request, and that of the CA. */
export function signRequest(hosts: readonly string[], request: Buffer, { key, now, lifetime }: Signing): string {
  const [whole] = readDer(request);
  const [info] = readDer(whole?.content ?? Buffer.alloc(0));
  const publicKey = readDer(info?.content ?? Buffer.alloc(0))[2]?.whole ?? Buffer.alloc(0);
  const own = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha1').update(own).digest();
  const content = { issuer: 'Fake CA', notBefore: now, notAfter: now + lifetime };
  const authority = extension('2.5.29.35', sequence(implicit(0, keyId)));
  const leaf = { ...content, subject: hosts[0] ?? '', publicKey, extensions: [subjectAltName(hosts), authority] };
  const root = {
    ...content,
    subject: 'Fake CA',
    publicKey: own,
    extensions: [extension('2.5.29.14', octetString(keyId))],
  };
  return [leaf, root].map((each) => toPem('CERTIFICATE', signCertificate(each, key))).join('');
}
