import type { SockAddr } from '../base/address.ts';
import type { ErrorFacts } from './error-facts.ts';

/** A connection to a server is being made: policy allows it, and no idle one would do. */
export interface DialStarted {
  readonly event: 'started';
  readonly session: number;
  readonly server: SockAddr;
  /** The address to connect from; undefined when the system chooses. */
  readonly local: SockAddr | undefined;
  /** Milliseconds that it may take, the handshake of a layer above included. */
  readonly timeout: number;
}

/** The transport has connected, and a handshake of TLS with the server begins. `failed` follows where it does not come to an end. */
export interface DialSecuring {
  readonly event: 'securing';
  readonly session: number;
  readonly server: SockAddr;
  /** Who the server has to be; empty where no name is known. */
  readonly name: string;
}

/** The handshake is over, and the server is who it should be. */
export interface DialSecured {
  readonly event: 'secured';
  readonly session: number;
  readonly server: SockAddr;
  /** Of the handshake. */
  readonly milliseconds: number;
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly version: string;
  /** Whether it went on with an earlier session. */
  readonly resumed: boolean;
}

/** The connection is made. */
export interface DialConnected {
  readonly event: 'connected';
  readonly session: number;
  readonly server: SockAddr;
  readonly milliseconds: number;
}

/** No connection came about. */
export interface DialFailed {
  readonly event: 'failed';
  readonly session: number;
  readonly server: SockAddr;
  readonly milliseconds: number;
  readonly error: ErrorFacts;
}

/** The process has no file descriptor left: idle connections are closed, and the attempt is repeated. */
export interface DialWaiting {
  readonly event: 'waiting';
  readonly session: number;
  readonly server: SockAddr;
  readonly error: ErrorFacts;
}

export type DialMessage = DialStarted | DialSecuring | DialSecured | DialConnected | DialFailed | DialWaiting;
