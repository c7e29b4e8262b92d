import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from 'jose';

/** The key of an account (ES256), and what it signs. */
export class AccountKey {
  readonly #key: KeyObject;
  readonly #jwk: JWK;
  /** SHA-256 of the public key (RFC 7638). */
  readonly thumbprint: string;

  private constructor(key: KeyObject, jwk: JWK, thumbprint: string) {
    this.#key = key;
    this.#jwk = jwk;
    this.thumbprint = thumbprint;
  }

  static async of(key: KeyObject): Promise<AccountKey> {
    const jwk = await exportJWK(createPublicKey(key));
    return new AccountKey(key, jwk, await calculateJwkThumbprint(jwk));
  }

  /** Token and thumbprint: what a challenge is answered with (RFC 8555 section 8.1). */
  keyAuthorization(token: string): string {
    return `${token}.${this.thumbprint}`;
  }

  /**
   * The body of a request (RFC 8555 section 6.2). `payload`: undefined to only read (section 6.3). `account`: the URL of the account, or
   * undefined as long as there is none, where the key itself is sent.
   */
  async sign(url: string, nonce: string, account: string | undefined, payload: object | undefined): Promise<string> {
    const bytes = payload === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(payload));
    const identity = account === undefined ? { jwk: this.#jwk } : { kid: account };
    const signed = await new FlattenedSign(bytes)
      .setProtectedHeader({ alg: 'ES256', ...identity, nonce, url })
      .sign(this.#key);
    return JSON.stringify(signed);
  }

  /** This key, signed by one that the CA gave to its customer (RFC 8555 section 7.3.4). */
  async bind(url: string, { kid, hmacKey }: ExternalAccount): Promise<object> {
    const payload = Buffer.from(JSON.stringify(this.#jwk));
    const secret = Buffer.from(hmacKey, 'base64url');
    return await new FlattenedSign(payload).setProtectedHeader({ alg: 'HS256', kid, url }).sign(secret);
  }
}

/** An account that the CA knows otherwise. */
export interface ExternalAccount {
  readonly kid: string;
  /** In base64url, as CAs hand it out. */
  readonly hmacKey: string;
}
