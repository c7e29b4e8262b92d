import { createHash } from 'node:crypto';
import type { DigestAlgorithm } from './digest-users.ts';

const HASH = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

/** In hex. A text is hashed as UTF-8. */
export function digestOf(algorithm: DigestAlgorithm, ...parts: readonly string[]): string {
  return createHash(HASH[algorithm]).update(parts.join(':')).digest('hex');
}

export interface Answered {
  readonly algorithm: DigestAlgorithm;
  /** The hash of "user:realm:password". */
  readonly secret: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
}

/** What a client must have answered, with the quality of protection `auth` (RFC 7616 section 3.4.1). */
export function responseOf({ algorithm, secret, method, uri, nonce, nc, cnonce }: Answered): string {
  return digestOf(algorithm, secret, nonce, nc, cnonce, 'auth', digestOf(algorithm, method, uri));
}
