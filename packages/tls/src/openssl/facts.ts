import type { EngineFacts } from '../base/tls-engine.ts';
import { TLS_1_3 } from './calls.ts';
import type { OpenSsl, SslPointer } from './calls.ts';

/** Until when OpenSSL can be asked about a connection. */
export interface Lifetime {
  readonly isFreed: boolean;
}

/**
 * What a handshake made, as OpenSSL tells it. What every connection needs is asked at once, and the rest when somebody wants it, as long as
 * the connection is there: a server pays for each question with every handshake.
 */
export class OpenSslFacts implements EngineFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** The name of the cipher as IANA registers it. */
  readonly cipher: string;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  readonly #calls: OpenSsl;
  readonly #ssl: SslPointer;
  readonly #lifetime: Lifetime;
  #certificate: Buffer | undefined = undefined;

  constructor(calls: OpenSsl, ssl: SslPointer, lifetime: Lifetime) {
    this.version = calls.versionOf(ssl) === TLS_1_3 ? 'TLSv1.3' : 'TLSv1.2';
    this.cipher = calls.cipherOf(ssl) ?? '';
    this.alpn = calls.protocolOf(ssl);
    this.resumed = calls.isResumed(ssl);
    this.#calls = calls;
    this.#ssl = ssl;
    this.#lifetime = lifetime;
  }

  /** The group of the key exchange. Undefined also if the connection is gone. */
  get group(): string | undefined {
    return this.#lifetime.isFreed ? undefined : this.#calls.groupOf(this.#ssl);
  }

  /** The name that was asked for. Undefined also if the connection is gone. */
  get serverName(): string | undefined {
    return this.#lifetime.isFreed ? undefined : this.#calls.serverNameOf(this.#ssl);
  }

  /** What the verification of the peer's chain said (X509_V_…); 0 is success. Undefined if the connection is gone. */
  get verification(): { readonly code: number; readonly text: string } | undefined {
    if (this.#lifetime.isFreed) return undefined;
    const code = this.#calls.verificationOf(this.#ssl);
    return { code, text: code === 0 ? 'ok' : this.#calls.verificationText(code) };
  }

  /** The peer's certificate in DER. Only while the connection is there it can be asked for the first time. */
  get certificate(): Buffer | undefined {
    if (this.#certificate === undefined && !this.#lifetime.isFreed) {
      this.#certificate = this.#calls.certificateOf(this.#ssl);
    }
    return this.#certificate;
  }
}
