import type { AdminOptions, Certificates } from '@inband/admin';
import { X509Certificate } from 'node:crypto';

/** The certificates that are configured: that of the admin server. */
export function certificatesOf(options: AdminOptions | undefined): Certificates {
  const pem = options?.tls?.cert;
  if (pem === undefined) return { certificates: [] };
  // The first one in the file is that of the server.
  const { subject, issuer, subjectAltName, validFromDate, validToDate, fingerprint256 } = new X509Certificate(pem);
  return {
    certificates: [
      {
        setting: 'admin.tls',
        subject: inOneLine(subject),
        issuer: inOneLine(issuer),
        names: subjectAltName?.split(', ') ?? [],
        notBefore: validFromDate.toISOString(),
        notAfter: validToDate.toISOString(),
        daysLeft: Math.floor((validToDate.getTime() - Date.now()) / 86_400_000),
        sha256: fingerprint256,
      },
    ],
  };
}

function inOneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
