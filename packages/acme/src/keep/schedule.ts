import type { IssuedCertificate } from '../x509/issued-certificate.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How far into its lifetime a certificate is renewed, and how much later at most, so that not all are renewed at once. */
const RENEW_AFTER = 2 / 3;
const SPREAD = 1 / 30;
/** Whatever the CA suggests, this part of the lifetime is left for attempts that fail. */
const RESERVE = 1 / 20;

/** A time span that the CA suggests, in milliseconds since 1970. */
interface Window {
  readonly start: number;
  readonly end: number;
}

type Lifetime = Pick<IssuedCertificate, 'notBefore' | 'notAfter' | 'sha256'>;

/**
 * When a certificate is to be renewed: at a moment within the window of the CA (RFC 9773 section 4.2), otherwise at two thirds of its
 * lifetime, or up to a thirtieth of the lifetime later. The moment is a different one for each certificate, and the same at every start.
 */
export function renewalTime(certificate: Lifetime, window: Window | undefined): number {
  const { notBefore, notAfter } = certificate;
  const lifetime = notAfter - notBefore;
  const share = shareOf(certificate.sha256);
  const wanted =
    window === undefined
      ? notBefore + lifetime * (RENEW_AFTER + SPREAD * share)
      : window.start + (window.end - window.start) * share;
  return Math.min(wanted, notAfter - lifetime * RESERVE);
}

/**
 * When there may be another order after one that has succeeded. By a clock that is ahead a new certificate may be due for renewal at once, again and again,
 * until the CA has had enough.
 */
export function nextOrder({ notBefore, notAfter }: Lifetime, now: number): number {
  return now + Math.min(HOUR, (notAfter - notBefore) / 4);
}

/** A number from 0 to 1, evenly spread over all certificates. */
function shareOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 8), 16) / 2 ** 32;
}

/** When to ask for the window again: when the CA says, within bounds (RFC 9773 section 4.3), otherwise in six hours. */
export function nextWindowLook(retryAt: number | undefined, now: number): number {
  if (retryAt === undefined) return now + 6 * HOUR;
  return Math.min(Math.max(retryAt, now + MINUTE), now + 24 * HOUR);
}
