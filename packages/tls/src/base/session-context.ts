import { hash } from 'node:crypto';
import type { TlsServerOptions } from './implementation.ts';

/** Bytes of an id that OpenSSL takes at most. */
const LONGEST_ID = 32;

/**
 * Where a session of a client may be resumed: only where it began, with the same certificate, and under the same rules for those of
 * clients. Without it OpenSSL resumes no session where clients are asked for a certificate. ASCII of 32 bytes.
 */
export function sessionContextOf(
  options: Pick<TlsServerOptions, 'identity' | 'clientAuth' | 'ca' | 'crl' | 'alpn'>,
): string {
  const { identity, clientAuth = 'off', ca = [], crl = [], alpn = [] } = options;
  return hash('sha256', JSON.stringify([identity.certificate, clientAuth, ca, crl, alpn]), 'base64url').slice(
    0,
    LONGEST_ID,
  );
}
