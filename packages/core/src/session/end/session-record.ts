import type { ProxyError } from '../../base/errors.ts';
import type { Session } from '../session.ts';

/**
 * Why a request was sent to a server once more.
 * - `stale`: the server had closed the idle connection on which it was sent.
 * - `reset`, `timeout`, `status`: its server closed without an answer, gave none in time, or answered with a status that is retried.
 * - `login`: a parent proxy wanted another login.
 * - `hedge`: the answer was slow, and a second server was asked beside the first.
 */
export type RetryCause = 'stale' | 'reset' | 'timeout' | 'status' | 'login' | 'hedge';

/** The facts about a session at its end, from which the access log line is made. */
export interface SessionRecord {
  /** It has no target if the request could not be parsed. */
  readonly session: Session;
  readonly kind: 'request' | 'tunnel';
  /** What the client asked for, as it wrote it; undefined if it could not be parsed. */
  readonly url: string | undefined;
  /** Status of the response that was begun; 0 when none was. */
  readonly status: number;
  /** Bytes of message content (or of the tunnel) received from and sent to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * Milliseconds, to the precision of an event-loop iteration: `duration` from the request head to the end, `wait` to the
   * first byte from the server.
   */
  readonly duration: number;
  readonly wait: number | undefined;
  /** Whether an idle server connection was used. */
  readonly reused: boolean;
  readonly error: ProxyError | undefined;
  /** The repairs of the server's response, by the names of docs/logging.md; undefined for none. */
  readonly repaired?: readonly string[] | undefined;
  /** Why the request was sent more than once, in the order in which it was; undefined if it was not. */
  readonly retries?: readonly RetryCause[] | undefined;
  /** Whether the client closed the connection before the end. */
  readonly aborted: boolean;
}

/** Called for every session at its end. What it throws is logged, and does not affect the session. */
export type SessionListener = (record: SessionRecord) => void;
