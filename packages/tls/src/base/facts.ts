import type { PeerCertificate } from './peer-certificate.ts';

/** What a handshake made. */
export interface TlsFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** The name of the cipher as IANA registers it. */
  readonly cipher: string;
  /** The group of the key exchange: `X25519MLKEM768`. Undefined where the implementation cannot tell. */
  readonly group: string | undefined;
  /** The name that the client sent (SNI). */
  readonly serverName: string | undefined;
  /** The protocol that was agreed. */
  readonly alpn: string | undefined;
  /** Whether the session of an earlier connection was resumed. */
  readonly resumed: boolean;
  /** The certificate of the peer; undefined if it showed none. */
  readonly peer: PeerCertificate | undefined;
}

/** How a handshake ended. `resumed`: it succeeded, by the session of an earlier connection. */
export type HandshakeOutcome = 'full' | 'resumed' | 'failed';
