import { createHash, randomBytes } from 'node:crypto';

/** So that a scanner for leaked secrets can tell what it has found. */
const PREFIX = 'inband_';
/** Of randomness in a token. Nobody guesses it, so that a fast hash is enough to keep. */
const BYTES = 32;
const HASH_PREFIX = 'sha256:';
/** Why a token is of no use that an operator has revoked. */
export const REVOKED = 'it was revoked';

/** Makes a token of 256 random bits. */
export function newToken(): string {
  return PREFIX + randomBytes(BYTES).toString('base64url');
}

/** What the configuration keeps of a token. */
export function hashToken(token: string): string {
  return HASH_PREFIX + digestOf(token).toString('hex');
}

export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The digest in a hash of {@link hashToken}. */
export function digestIn(hash: string): Buffer {
  return Buffer.from(hash.slice(HASH_PREFIX.length), 'hex');
}
