import type { ClientCertificate } from '@inband/core';
import type { Trust } from '../certificates/files/trust-files.ts';

/**
 * Why the certificate of a session that is resumed is not good any more, in a sentence. TLS verifies certificates when a session begins, and
 * a session goes on as long as its client comes again. Other authorities and lists are another context, in which it is not resumed.
 */
export function lapsedCertificate(
  { notAfter }: Pick<ClientCertificate, 'notAfter'>,
  trust: Pick<Trust, 'nextUpdate'> | undefined,
  now: number = Date.now(),
): string | undefined {
  if (notAfter < now) return 'The certificate of the session that is resumed has expired.';
  const nextUpdate = trust?.nextUpdate ?? Infinity;
  return nextUpdate < now ? 'The list of revoked certificates is out of date (tls.crl).' : undefined;
}
