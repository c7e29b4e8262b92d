import type { PlainAnswer } from './fake-ca-state.ts';

export const NAMESPACE = 'urn:ietf:params:acme:error:';

class ProblemError extends Error {
  readonly status: number;
  readonly type: string;

  constructor(type: string, detail: string, status: number) {
    super(detail);
    this.type = type;
    this.status = status;
  }
}

/** What the CA refuses a request with, to be thrown. */
export function problem(type: string, detail: string, status = 400): ProblemError {
  return new ProblemError(type, detail, status);
}

/** The answer that says it. What else was thrown is a defect of the CA. */
export function problemOf(error: unknown): Partial<PlainAnswer> {
  if (!(error instanceof ProblemError)) throw error;
  return { status: error.status, body: { type: NAMESPACE + error.type, detail: error.message } };
}
