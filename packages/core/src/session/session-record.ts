import type { ProxyError } from '../base/errors.ts';
import type { Session } from './session.ts';

/** What is known about a session at its end: the material of one access log line. */
export interface SessionRecord {
  /** Without a target where the request was not understood. */
  readonly session: Session;
  readonly kind: 'request' | 'tunnel';
  /** What the client asked for, as it wrote it; undefined when it could not be understood. */
  readonly url: string | undefined;
  /** Status of the response that was begun; 0 when none was. */
  readonly status: number;
  /** Bytes of message content (or of the tunnel) received from and sent to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds, as precise as a turn of the event loop. `duration` from the request head to the end, `wait` to the first byte from the server. */
  readonly duration: number;
  readonly wait: number | undefined;
  /** Whether an idle server connection was used. */
  readonly reused: boolean;
  readonly error: ProxyError | undefined;
  /** What was mended in the answer of the server (docs/logging.md names it); undefined for nothing. */
  readonly repaired?: readonly string[] | undefined;
  /** The client went away before the end. */
  readonly aborted: boolean;
}

/** Hears of every session at its end. What it throws is logged, and changes nothing for the session. */
export type SessionListener = (record: SessionRecord) => void;
