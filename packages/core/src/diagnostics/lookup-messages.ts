import type { ErrorFacts } from './error-facts.ts';

/** The addresses of a name are being looked up, because they are not cached. */
export interface LookupStarted {
  readonly event: 'started';
  readonly session: number;
  readonly host: string;
}

/** The name has been resolved. */
export interface LookupAnswered {
  readonly event: 'answered';
  readonly session: number;
  readonly host: string;
  /** How many addresses it has. */
  readonly addresses: number;
  /** The time in the queue included. */
  readonly milliseconds: number;
}

/** The name could not be resolved. */
export interface LookupFailed {
  readonly event: 'failed';
  readonly session: number;
  readonly host: string;
  readonly milliseconds: number;
  readonly error: ErrorFacts;
}

export type LookupMessage = LookupStarted | LookupAnswered | LookupFailed;
