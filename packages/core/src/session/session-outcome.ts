import type { ProxyError } from '../base/errors.ts';

/** How a session ended, for the chainer that has connected it. */
export interface SessionOutcome {
  /** Status of the answer that was begun; 0 when none was. */
  readonly status: number;
  /** Milliseconds to the first byte from the server. */
  readonly wait: number | undefined;
  readonly error: ProxyError | undefined;
}
