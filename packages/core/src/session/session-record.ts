import type { ProxyError } from '../base/errors.ts';
import type { Session } from './session.ts';

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
  /** Whether the client closed the connection before the end. */
  readonly aborted: boolean;
}

/** Called for every session at its end. What it throws is logged, and does not affect the session. */
export type SessionListener = (record: SessionRecord) => void;
