import type { SockAddr } from '../base/address.ts';
import type { ErrorFacts } from './error-facts.ts';

/** A client has connected. */
export interface TransportAccepted {
  readonly event: 'accepted';
  readonly client: number;
  readonly address: SockAddr;
  readonly listener: SockAddr;
  /** Where an intercepted client was going. */
  readonly destination: SockAddr | undefined;
}

/** A client has connected and is not served, because of a limit. */
export interface TransportRefused {
  readonly event: 'refused';
  readonly client: number;
  readonly address: SockAddr;
  readonly listener: SockAddr;
  readonly error: ErrorFacts;
}

/** A listener stops accepting: whoever comes waits in the kernel's queue. */
export interface TransportPaused {
  readonly event: 'paused';
  /** The limit that is reached. */
  readonly setting: string;
  /** Client connections that are open. */
  readonly open: number;
}

/** There is room again: listeners that were paused accept. */
export interface TransportResumed {
  readonly event: 'resumed';
  readonly open: number;
}

/** Clients come faster than they can be accepted: so many of those in the kernel's queue were reset. */
export interface TransportOverloaded {
  readonly event: 'overloaded';
  readonly reset: number;
  readonly open: number;
}

/** A listener cannot accept, because the process or the system has no descriptor or memory left. It tries again soon. */
export interface TransportOutOfDescriptors {
  readonly event: 'out-of-descriptors';
  readonly listener: SockAddr;
  /** Milliseconds until it tries again, unless a descriptor is free before. */
  readonly again: number;
}

/** A connection is closed: of a client or to a server, also within the process. */
export interface TransportClosed {
  readonly event: 'closed';
  /** `epoll`, `node`, `memory`, or `stream` for one over a stream of Node's. */
  readonly transport: string;
  readonly local: SockAddr;
  readonly remote: SockAddr;
  /** What broke it, or why the proxy reset it. Undefined after an orderly end. */
  readonly error: ErrorFacts | undefined;
}

export type TransportMessage =
  | TransportAccepted
  | TransportRefused
  | TransportPaused
  | TransportResumed
  | TransportOverloaded
  | TransportOutOfDescriptors
  | TransportClosed;
