import type { ProxyError, ServerConnection, Session } from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { Literal } from '../message/words.ts';

/**
 * A server as one exchange knows it: it can be asked once. HTTP/1 has one implementation (`server/server-side.ts`); a parent proxy
 * that wants the whole target and credentials would be another.
 *
 * **The life of it.** It is made with a server connection that it owns. Exactly one of `release`, `destroy`, `abandon` or `handOver` ends that;
 * after it nothing is called on it but what only tells (`reused`, `repairs`, `content`), and it calls nothing.
 *
 * **The request.** `send` once, then the sink that it returned gets the body (and its end, also of none), then `start`. Only after `start`
 * come {@link ServerEvents}, never from within a call of the exchange: any number of `interimHead`; then `finalHead`, whose sink gets the body, with `responseMoved` for
 * each part that is not the last, then `responseEnded`; or `protocolSwitched`; or one of `serverLost` and `serverFailed`, each of which is the last.
 * What is given to the exchange (heads, bytes) is valid only during the call.
 */
export interface ServerSide {
  /** Its connection served another session before: then the server may have closed it in the meantime. */
  readonly reused: boolean;
  /** Reused, and no other would do: what it does not answer, nobody answers. */
  readonly isOnlyOne: boolean;
  /** No other can take its place, and it cannot serve another request: nobody will answer this client again. */
  readonly isSpent: boolean;
  /** What was mended in the answer, flags of `Repair`. */
  readonly repairs: number;
  /** Bytes of the answer's content so far. */
  readonly content: number;
  /** Bytes of the request that the server has not taken. */
  readonly unsent: number;

  /** Puts the request head together. It leaves with what the sink is given next. May throw what the head cannot be sent for. */
  send(head: RequestHead, forwarded: Literal | undefined): BodySink;
  /** The answer may come. */
  start(): void;
  /** The client keeps up again: go on with the answer. */
  resume(): void;
  /** The exchange is over, and this is of no further use for it. `isClean` as far as the exchange knows. */
  release(isClean: boolean): void;
  destroy(error?: ProxyError): void;
  /** As `destroy`, of one that lost the request to another: what closing it throws is thrown, and it is not heard of again. */
  abandon(): void;
  /** Gives the connection away, for a relay to own. */
  handOver(): ServerConnection;
}

/** Makes the server side of the exchange that hears of it. Takes `server` over. */
export type MakeServerSide = (exchange: ServerEvents, session: Session, server: ServerConnection) => ServerSide;

/** What an exchange hears from its server side. */
export interface ServerEvents {
  /** The first byte came from the server. */
  serverAnswers(): void;
  /** Part of a head has come; the rest has a bound of its own. */
  headStarted(): void;
  /** A response that announces another one. */
  interimHead(head: ResponseHead): void;
  finalHead(head: ResponseHead): BodySink;
  /** Part of the body went to the sink. */
  responseMoved(): void;
  /** The whole body did; `isClean` unless the server sent more than it should. */
  responseEnded(isClean: boolean): void;
  /** 101: from here on the connection speaks something else. `early` is the exchange's. */
  protocolSwitched(head: ResponseHead, early: Buffer): void;
  /** The server keeps up again with the request's body. */
  serverDrained(): void;
  /** The connection closed before anything was answered, so that the request may be tried again. `error` says that to the client. */
  serverLost(error: ProxyError): void;
  /** The answer cannot be used, or broke off. */
  serverFailed(error: ProxyError): void;
}
