/**
 * Why the CA did not do what it was asked for:
 *
 * - `unreachable`: no answer arrived, or one that says that the CA itself has trouble (5xx). The CA counted nothing.
 * - `rate-limited`: the CA says that it was asked too often.
 * - `refused`: the CA answered with a problem document, or a validation failed.
 * - `unexpected`: an answer that is none of RFC 8555.
 * - `setting`: a setting asks for what this CA does not offer.
 * - `local`: what has to be done on this side failed (the state folder, a DNS provider).
 * - `away`: what is shared with other processes cannot be asked, so nothing was ordered.
 * - `taken`: another process has taken the work over.
 * - `closed`: the program ends.
 */
export type AcmeErrorKind =
  | 'unreachable'
  | 'rate-limited'
  | 'refused'
  | 'unexpected'
  | 'setting'
  | 'local'
  | 'away'
  | 'taken'
  | 'closed';

interface AcmeErrorDetails {
  /** The type of the CA's problem document, without `urn:ietf:params:acme:error:`. */
  readonly problem?: string | undefined;
  /** Milliseconds since 1970: the CA does not want to be asked before. */
  readonly retryAt?: number | undefined;
  readonly cause?: unknown;
}

/** A certificate could not be had, or a question to the CA was not answered. */
export class AcmeError extends Error {
  override readonly name = 'AcmeError';
  readonly kind: AcmeErrorKind;
  readonly problem: string | undefined;
  readonly retryAt: number | undefined;

  constructor(kind: AcmeErrorKind, message: string, details: AcmeErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.problem = details.problem;
    this.retryAt = details.retryAt;
  }
}

/** Any failure as an `AcmeError`. What is none of them happened on this side. */
export function toAcmeError(error: unknown): AcmeError {
  if (error instanceof AcmeError) return error;
  return new AcmeError('local', error instanceof Error ? error.message : String(error), { cause: error });
}

/** The error of whoever waits while the program ends. */
export function closedError(): AcmeError {
  return new AcmeError('closed', 'The program is stopping.');
}
