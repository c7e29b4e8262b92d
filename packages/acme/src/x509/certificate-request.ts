import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { bitString, explicit, objectIdentifier, sequence, set, smallInteger } from './der-writer.ts';
import { ecdsaWithSha256, subjectAltName } from './names.ts';

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** A certificate request for `hosts` (PKCS #10, RFC 2986), as DER. The subject is empty, because names are in the extension. `key`: EC. */
export function certificateRequest(hosts: readonly string[], key: KeyObject): Buffer {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const attribute = sequence(objectIdentifier(EXTENSION_REQUEST), set(sequence(subjectAltName(hosts))));
  const info = sequence(smallInteger(0), sequence(), publicKey, explicit(0, attribute));
  return sequence(info, ecdsaWithSha256(), bitString(sign('sha256', info, key)));
}
