import type { ServerIdentity } from '../base/implementation.ts';

/** The protocol by which a CA looks whether a host is ours (RFC 8737). No other client offers it. */
export const ACME_PROTOCOL = 'acme-tls/1';

/** Milliseconds for which a client waits at most until its certificate is ordered. */
export const LONGEST_ORDER = 25_000;

/** Certificates that are ordered of a CA, as a listener needs to know of them. Names are in lower case. */
export interface OrderedCertificates {
  /** What a CA is to see that looks whether a host is ours. Undefined if none does at present. */
  challenge(host: string): ServerIdentity | undefined;
  /**
   * Orders a certificate for a client that waits. Returns undefined at once if none may be ordered for this name. When it resolves, the
   * store has the certificate, or it cannot be had in time. Never rejects.
   */
  demand(host: string): Promise<unknown> | undefined;
}
