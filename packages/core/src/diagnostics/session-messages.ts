import type { HostPort, SockAddr } from '../base/address.ts';
import type { ErrorFacts } from './error-facts.ts';

/** A request or a tunnel has begun: nothing of what it asks for has been evaluated yet. */
export interface SessionStarted {
  readonly event: 'started';
  /** Unique in this process, as in every message. */
  readonly session: number;
  /** The session of the proxy in which this one is stacked. */
  readonly parent: number | undefined;
  /** The client connection, by a number that is unique in this process. */
  readonly client: number;
  readonly address: SockAddr;
  /** The bound address of the listener that accepted the client. */
  readonly listener: SockAddr;
  readonly service: string;
}

/** A route matched what the session asks for. */
export interface SessionRouted {
  readonly event: 'routed';
  readonly session: number;
  /** Undefined for protocols without methods. */
  readonly method: string | undefined;
  /** What the client asked for. */
  readonly target: HostPort | undefined;
  /** Its place in the configuration. */
  readonly route: string;
  /** The kind of its chainer. */
  readonly chainer: string;
}

/** Policy was asked about the address of a server. A session may ask about several. */
export interface SessionDecided {
  readonly event: 'decided';
  readonly session: number;
  /** The address that was evaluated, after address translation. Undefined where only a parent proxy knows it. */
  readonly server: SockAddr | undefined;
  /** Before address translation, where that changed it. */
  readonly resolved: SockAddr | undefined;
  readonly serverChosenBy: 'client' | 'operator';
  readonly verdict: 'allow' | 'deny' | 'depends';
  /** The rule that decided, by its place in the configuration, or the name of a default. */
  readonly rule: string;
}

/** What became of the session. Published for sessions that were `started` in front of the same subscribers. */
export interface SessionEnded {
  readonly event: 'ended';
  readonly session: number;
  readonly kind: 'request' | 'tunnel';
  readonly verdict: 'accepted' | 'denied-by-policy' | 'connection-failed' | 'aborted';
  /** The rule, limit or list that decided; undefined when none did. */
  readonly rule: string | undefined;
  /** Status of the response that was begun; 0 when none was. */
  readonly status: number;
  /** Bytes of content, or of the tunnel, from the client. */
  readonly bytesIn: number;
  /** The same, to the client. */
  readonly bytesOut: number;
  /** From the request head to the end. */
  readonly milliseconds: number;
  /** From the request head to the first byte of the server; undefined when none came. */
  readonly wait: number | undefined;
  /** Whether an idle server connection was used. */
  readonly reused: boolean;
  /** The client went away before the end. */
  readonly aborted: boolean;
  readonly error: ErrorFacts | undefined;
}

export type SessionMessage = SessionStarted | SessionRouted | SessionDecided | SessionEnded;
