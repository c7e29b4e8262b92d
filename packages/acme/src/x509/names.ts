import { implicit, objectIdentifier, octetString, sequence, yes } from './der-writer.ts';

/** An extension of a certificate (RFC 5280 section 4.1). `value`: its DER, which goes into an OCTET STRING. */
export function extension(identifier: string, value: Uint8Array, isCritical = false): Buffer {
  return sequence(objectIdentifier(identifier), ...(isCritical ? [yes()] : []), octetString(value));
}

/** The names of hosts as an extension `subjectAltName`. */
export function subjectAltName(hosts: readonly string[]): Buffer {
  return extension('2.5.29.17', sequence(...hosts.map((host) => implicit(2, Buffer.from(host)))));
}

/** `ecdsa-with-SHA256` (RFC 5758). It has no parameters. */
export const ecdsaWithSha256 = (): Buffer => sequence(objectIdentifier('1.2.840.10045.4.3.2'));
