import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A new key on P-256, which every client of TLS knows. */
export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** A private key as PEM (PKCS #8). */
export function keyToPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' });
}
