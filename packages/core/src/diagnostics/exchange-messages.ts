import type { HostPort, SockAddr } from '../base/address.ts';
import type { ErrorFacts } from './error-facts.ts';

/** The head of a request is understood. */
export interface ExchangeUnderstood {
  readonly event: 'understood';
  readonly session: number;
  /** The client connection. */
  readonly client: number;
  readonly method: string;
  /** What the client asked for, as it wrote it. A query may hold what is nobody's business, as in the access log. */
  readonly url: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
}

/** A step refused the request before a server was asked. */
export interface ExchangeRefused {
  readonly event: 'refused';
  readonly session: number;
  readonly status: number;
  readonly error: ErrorFacts;
}

/** The exchange has a server connection. */
export interface ExchangeConnected {
  readonly event: 'connected';
  readonly session: number;
  readonly target: HostPort | undefined;
  readonly server: SockAddr;
  /** Whether it served another session before. */
  readonly reused: boolean;
}

/** The whole request has been sent. */
export interface ExchangeSent {
  readonly event: 'sent';
  readonly session: number;
  /** Bytes of its body. */
  readonly bytes: number;
}

/** The server sent an interim response: 100, 103, or 101 before a tunnel. */
export interface ExchangeInterim {
  readonly event: 'interim';
  readonly session: number;
  readonly status: number;
}

/** The head of the final response is understood. */
export interface ExchangeAnswered {
  readonly event: 'answered';
  readonly session: number;
  readonly status: number;
}

/** The request is sent once more, on another connection. */
export interface ExchangeRetried {
  readonly event: 'retried';
  readonly session: number;
  /** How often it was sent again, this time included. */
  readonly retries: number;
}

/** The exchange is over. A tunnel goes on: see `inband:tunnel`. */
export interface ExchangeEnded {
  readonly event: 'ended';
  readonly session: number;
  readonly status: number;
  /** Bytes of the request's body, and of the response's. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The client went away before the end. */
  readonly aborted: boolean;
  readonly error: ErrorFacts | undefined;
}

export type ExchangeMessage =
  | ExchangeUnderstood
  | ExchangeRefused
  | ExchangeConnected
  | ExchangeSent
  | ExchangeInterim
  | ExchangeAnswered
  | ExchangeRetried
  | ExchangeEnded;
