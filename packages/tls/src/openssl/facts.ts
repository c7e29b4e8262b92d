import { TLS_1_3 } from './calls.ts';
import type { OpenSsl, SslPointer } from './calls.ts';

/** What a handshake made, as OpenSSL tells it. */
export interface EngineFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** The name of the cipher as IANA registers it. */
  readonly cipher: string;
  readonly group: string | undefined;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  /** What the verification of the peer's chain said (X509_V_…); 0 is success. */
  readonly verification: { readonly code: number; readonly text: string };
  /** The peer's certificate in DER. It is asked of OpenSSL once, and only if somebody asks while the engine lives. */
  readonly certificate: Buffer | undefined;
}

export function rawFactsOf(calls: OpenSsl, ssl: SslPointer, isAlive: () => boolean): EngineFacts {
  const code = calls.verificationOf(ssl);
  let certificate: Buffer | undefined = undefined;
  let isAsked = false;
  return {
    version: calls.versionOf(ssl) === TLS_1_3 ? 'TLSv1.3' : 'TLSv1.2',
    cipher: calls.cipherOf(ssl) ?? '',
    group: calls.groupOf(ssl),
    serverName: calls.serverNameOf(ssl),
    alpn: calls.protocolOf(ssl),
    resumed: calls.isResumed(ssl),
    verification: { code, text: code === 0 ? 'ok' : calls.verificationText(code) },
    get certificate(): Buffer | undefined {
      if (!isAsked && isAlive()) {
        isAsked = true;
        certificate = calls.certificateOf(ssl);
      }
      return certificate;
    },
  };
}
