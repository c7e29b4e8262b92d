import { createHash } from 'node:crypto';

/** The name of a token among those that are revoked; see `RevokedTokens`. */
export function hashName(token: string): string {
  return `sha256:${createHash('sha256').update(token, 'latin1').digest('hex')}`;
}
