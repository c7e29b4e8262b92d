import type { KeptStatus } from '@inband/acme';
import type { AdminOptions, Certificates } from '@inband/admin';
import { X509Certificate } from 'node:crypto';

/** The certificates that are configured: that of the admin server. */
export function certificatesOf(options: AdminOptions | undefined): Certificates['certificates'] {
  const pem = options?.tls?.cert;
  if (pem === undefined) return [];
  // The first one in the file is that of the server.
  const { subject, issuer, subjectAltName, validFromDate, validToDate, fingerprint256 } = new X509Certificate(pem);
  return [
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
  ];
}

/** What is kept by ACME. */
export function keptCertificates(status: readonly KeptStatus[]): Certificates['acme'] {
  return status.map(({ hosts, onDemand, isBusy, notAfter, next, lastSuccess, lastFailure, error, explanation }) => ({
    hosts: [...hosts],
    onDemand,
    isBusy,
    notAfter: instant(notAfter),
    next: new Date(next).toISOString(),
    lastSuccess: instant(lastSuccess),
    lastFailure: instant(lastFailure),
    error: error ?? null,
    explanation: explanation ?? null,
  }));
}

function instant(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

function inOneLine(name: string): string {
  return name.replaceAll('\n', ', ');
}
