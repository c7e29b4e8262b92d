import type { SockAddr } from '../base/address.ts';
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

/** A step ended the request before it was sent: it refused it, or there is no server. */
export interface ExchangeRefused {
  readonly event: 'refused';
  readonly session: number;
  /** `addressee`, `admit`, `route`, `connect` and so on, in the order of `exchange/steps.ts`. */
  readonly step: string;
  readonly error: ErrorFacts;
}

/** The exchange has a server connection. */
export interface ExchangeConnected {
  readonly event: 'connected';
  readonly session: number;
  readonly server: SockAddr;
  /** Whether it served another session before. */
  readonly reused: boolean;
  /** The server connection; undefined of one that the pool did not make. */
  readonly connection: number | undefined;
}

/** The whole request has been sent. Not of one that opens a tunnel. */
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
  /** What became of it on the connection before; undefined where that has answered. */
  readonly error: ErrorFacts | undefined;
  /** The status of that answer, which the client gets only if no better one comes. */
  readonly status: number | undefined;
}

/** The client has finished sending, while its request goes on: it still reads, or it is gone. */
export interface ExchangeClientEnded {
  readonly event: 'client-ended';
  readonly session: number;
  /** `asking` for a server, `sending` to it, or `answering`: see `exchange/exchange-life.ts`. */
  readonly state: string;
  /** `half-close`: the answer has to begin within `http.halfCloseTimeout`. `response-body-after-end`: it has to go on. */
  readonly waitsFor: string | undefined;
}

/** The exchange is over, and was not one that became a tunnel: of those `inband:tunnel` tells. */
export interface ExchangeEnded {
  readonly event: 'ended';
  readonly session: number;
  /** Status of the response that was begun; 0 when none was. */
  readonly status: number;
  /** Bytes of the request's content. */
  readonly bytesIn: number;
  /** Bytes of the response's content. */
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
  | ExchangeClientEnded
  | ExchangeEnded;
