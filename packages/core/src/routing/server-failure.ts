import type { ProxyError } from '../base/errors.ts';

/** What a server did to a request that was sent to it. Nothing of an answer has gone to the client. */
export type ServerFailure = {
  /**
   * Whether the request may be sent again: its method is idempotent, its body is kept, and nothing speaks against it. If not, the chainer
   * is told only so that it knows of the failure.
   */
  readonly mayRepeat: boolean;
} & (
  | {
      /**
       * - `reset`: it closed the connection, which had not been idle, without a byte of an answer.
       * - `timeout`: no byte of an answer came within {@link RetriedFailures.timeout}.
       */
      readonly cause: 'reset' | 'timeout';
      /** What the client gets unless the request is sent again. */
      readonly error: ProxyError;
    }
  | {
      /** It answered with one of {@link RetriedFailures.statuses}. The client gets the answer unless the request is sent again. */
      readonly cause: 'status';
      readonly status: number;
    }
);

/** About which failures a chainer is asked, besides resets. */
export interface RetriedFailures {
  /** Statuses of final answers, from 500 to 599. */
  readonly statuses: ReadonlySet<number>;
  /** Milliseconds to the first byte of an answer. Undefined: a server may take the whole `http.responseTimeout`. */
  readonly timeout: number | undefined;
}
