import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { bitString, explicit, objectIdentifier, sequence, set, smallInteger, time, utf8String } from './der-writer.ts';
import { ecdsaWithSha256 } from './names.ts';

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: string;
  readonly issuer: string;
  /** The public key with its algorithm (SPKI), as DER. */
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Uint8Array[];
}

/** A certificate of version 3 that `key` (EC) signs (RFC 5280 section 4.1), as DER. Its serial number is random. */
export function signCertificate(content: CertificateContent, key: KeyObject): Buffer {
  const serial = randomBytes(16);
  // Neither negative nor shorter than it looks.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const body = sequence(
    explicit(0, smallInteger(2)),
    Buffer.concat([Buffer.from([0x02, serial.length]), serial]),
    ecdsaWithSha256(),
    commonName(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    commonName(content.subject),
    content.publicKey,
    explicit(3, sequence(...content.extensions)),
  );
  return sequence(body, ecdsaWithSha256(), bitString(sign('sha256', body, key)));
}

function commonName(text: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(text))));
}

/** DER as PEM. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/gu) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
