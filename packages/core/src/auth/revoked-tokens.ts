/**
 * Tokens that an operator has revoked before they expire, by their names: `sha256:` and the SHA-256 of the token in hexadecimal, or `jti:` and the
 * id that it says it has (RFC 7519 section 4.1.7).
 */
export interface RevokedTokens {
  /** Another number whenever the set is another one: what was found about tokens before may be wrong then. */
  readonly version: number;
  readonly isEmpty: boolean;
  has(name: string): boolean;
}
