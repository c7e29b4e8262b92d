import { alertName } from '../base/alerts.ts';
import type { EngineFault, TlsAlert } from '../base/tls-engine.ts';
import { alertOfReason, alertOfVerification } from './alerts.ts';
import type { OpenSslError } from './calls.ts';

/** An alert that is sent encrypted for a rare reason is not known. */
export interface OpenSslFault extends EngineFault {
  /** Who did what TLS does not allow: the peer, or this side, because the peer says so or because of an error in here. */
  readonly side: 'peer' | 'own';
  /** Why the peer's certificates were not believed. */
  readonly verification: { readonly code: number; readonly text: string } | undefined;
}

/** What is known of a failure besides OpenSSL's errors. */
export interface FailedConnection {
  /** Clear text of an alert that was written, or undefined. */
  readonly sent: number | undefined;
  readonly verification: { readonly code: number; readonly text: string } | undefined;
  readonly isTls13: boolean;
}

const SSL_LIBRARY = 20;
/** Reasons from here on are received alerts (SSL_AD_REASON_OFFSET). */
const RECEIVED = 1000;
const VERIFY_FAILED = 134;
const INTERNAL_ERROR = 80;

/** Whether an error is one of TLS, and not of cryptography, which other code of this thread uses, too. */
export function isOfTls(error: OpenSslError): boolean {
  return error.library === SSL_LIBRARY;
}

export function faultOf(errors: readonly OpenSslError[], connection: FailedConnection): OpenSslFault {
  // Below the first error of TLS lie those of the parts that it uses, such as "invalid signature" of an algorithm.
  const error = errors.find(isOfTls) ?? errors[0];
  if (error === undefined) {
    return { reason: 'unknown', code: 0, alert: undefined, side: 'own', verification: undefined };
  }
  const { reason: code, text: reason } = error;
  const isTls = isOfTls(error);
  if (isTls && code >= RECEIVED && code < RECEIVED + 256) {
    const number = code - RECEIVED;
    const alert: TlsAlert = { direction: 'received', number, name: alertName(number) };
    return { reason, code, alert, side: 'own', verification: undefined };
  }
  const { isTls13 } = connection;
  // A chain that nobody asked to verify has a result, too.
  const verification = isTls && code === VERIFY_FAILED ? connection.verification : undefined;
  const byVerification = verification === undefined ? undefined : alertOfVerification(verification.code);
  const number = connection.sent ?? byVerification ?? (isTls ? alertOfReason(code, isTls13) : INTERNAL_ERROR);
  const alert: TlsAlert | undefined =
    number === undefined ? undefined : { direction: 'sent', number, name: alertName(number) };
  return { reason, code, alert, side: number === INTERNAL_ERROR ? 'own' : 'peer', verification };
}
