import type { SockAddr } from '../base/address.ts';
import type { ProxyError, ProxyErrorCode } from '../base/errors.ts';

/** One try to reach a server. */
export interface Attempt {
  readonly address: SockAddr;
  /** Milliseconds from the start of the attempt to its end. */
  readonly duration: number;
  /** Absent when it succeeded. */
  readonly error?: ProxyErrorCode;
  /** The server as the configuration names it, `api.internal:8080`; undefined where the client named it. */
  readonly server?: string | undefined;
}

/** How a session ended, for the chainer that has connected it. */
export interface SessionOutcome {
  /** Status of the answer that was begun; 0 when none was. */
  readonly status: number;
  /** Milliseconds to the first byte from the server. */
  readonly wait: number | undefined;
  readonly error: ProxyError | undefined;
  /**
   * The server connection had been idle before. If it ended without a byte, the server may just have closed it as it does with idle ones, so
   * that the error says nothing about the server.
   */
  readonly reused: boolean;
}
