import type { ClientCertificate } from './client-certificate.ts';

/** What TLS with a client made. Read-only, for sessions, access rules and the log. */
export interface ClientTls {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The name of the cipher as IANA registers it. */
  readonly cipher: string;
  /** The name that the client sent (SNI). */
  readonly serverName: string | undefined;
  /** The protocol that was agreed (ALPN). */
  readonly alpn: string | undefined;
  /** Whether the session of an earlier connection was resumed. */
  readonly resumed: boolean;
  /** Undefined if the client showed none. */
  readonly certificate: ClientCertificate | undefined;
  /** Whether the certificate that the client got is for a host: a name, or an address without brackets. */
  covers(host: string): boolean;
}
