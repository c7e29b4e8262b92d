import type { ClientCertificate } from '@inband/core';
import type { PeerCertificate } from '../base/peer-certificate.ts';

/** What {@link clientCertificate} reads of a certificate. */
export type ShownCertificate = Pick<PeerCertificate, 'names' | 'fingerprint' | 'subject' | 'notAfter'>;

const FINGERPRINT = 'sha256:';
const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;
const DNS_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const EMAIL = /^[\x21-\x39\x3b-\x3f\x41-\x7e]+@[\x21-\x39\x3b-\x3f\x41-\x7e]+$/;

/**
 * Reads who a client is. Names that do not have the form of their kind are left out: otherwise a DNS name that contains `@` would be
 * taken for an e-mail address.
 */
export function clientCertificate(shown: ShownCertificate): ClientCertificate {
  const { uris, dns, emails } = shown.names;
  const fingerprint = FINGERPRINT + shown.fingerprint;
  const names = [
    ...uris.filter((uri) => URI.test(uri) && !uri.toLowerCase().startsWith(FINGERPRINT)),
    ...dns.map((name) => name.toLowerCase()).filter((name) => DNS_NAME.test(name)),
    ...emails.filter((email) => EMAIL.test(email)),
    fingerprint,
  ];
  return { identity: names[0] ?? fingerprint, names, subject: shown.subject, notAfter: shown.notAfter };
}
