import type { ClientConnection } from './session-view.ts';
import type { Session } from './session.ts';

/** A client's connection that is open, for a program that looks at it. */
export interface LiveClient {
  readonly client: ClientConnection;
  /** The name of its service. */
  readonly service: string;
  /** What it serves at present. */
  readonly live: LiveSession | undefined;
  /** Closes it now, whatever it serves. */
  close(): void;
}

/**
 * A session that is going on, for an operator who looks at it. It is made when it is asked for, and shows a session as it is at that
 * moment. The sessions themselves keep nothing for it.
 */
export interface LiveSession {
  readonly session: Session;
  /** `upgrade`: a tunnel that began as a response 101, such as a WebSocket. */
  readonly kind: 'request' | 'tunnel' | 'upgrade';
  /** Where it stands, in words of its protocol: `asking`, `sending`, `answering`, `tunnel`, … */
  readonly state: string;
  /** What the client asked for, as it wrote it; undefined where nothing listens to sessions. */
  readonly url: string | undefined;
  /** When it began, on the clock of `iterationTime`; 0 where nothing listens to sessions. */
  readonly started: number;
  /** Bytes of content (or of the tunnel) from and to the client so far. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Ends it now, if it is still going on. Its record says that the operator did. */
  end(): void;
}
