/** One request to the CA. */
export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  /** JSON of a signed request (RFC 8555 section 6.2). Only with POST. */
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** What the CA answered. */
export interface Answer {
  readonly status: number;
  /** A field by its name in lower case. The first one, if there are several. */
  field(name: string): string | undefined;
  readonly text: string;
}

/** Asks the CA. Rejects with an `AcmeError` (`unreachable`, `closed`) if there is no answer in time. */
export type Ask = (question: Question) => Promise<Answer>;
