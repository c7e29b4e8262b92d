import type { ProxyError, ServerConnection, Session } from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { Literal } from '../message/words.ts';

/**
 * A server as one exchange knows it. It can be asked once. `server/server-side.ts` is the implementation for HTTP/1. A parent proxy that
 * wants the whole target and credentials would be another.
 *
 * **The life of it.** It is made with a server connection that it owns. Exactly one of `release`, `destroy`, `abandon` or `handOver` ends
 * that. After it the exchange only reads `reused`, `repairs` and `content`, and the server side calls nothing.
 *
 * **The request.** `send` once, then the sink that it returned gets the body (and its end, also of none), then `start`.
 *
 * **The answer.** {@link ServerEvents} come only after `start`, and, except for `giveAnswer`, never from within a call of the exchange. First any number of
 * `interimHead`, then one of these:
 * - `finalHead`, whose sink gets the body, with `responseMoved` for each part that is not the last, then `responseEnded`
 * - `protocolSwitched`, or `tunnelOpened` after CONNECT
 *
 * `serverLost`, `loginRefused` or `serverFailed` may come instead at any time, and is the last event then. Heads and bytes are valid only during the call.
 */
export interface ServerSide {
  /** Its connection served another session before, so that the server may have closed it in the meantime. */
  readonly reused: boolean;
  /** Its connection is reused, and no other connection can send this request. */
  readonly isOnlyOne: boolean;
  /** Its connection cannot serve another request, and no other can replace it. The client gets no further answer. */
  readonly isSpent: boolean;
  /** It may call `loginRefused`. */
  readonly mayRefuseLogin: boolean;
  /** What was mended in the answer, flags of `Repair`. */
  readonly repairs: number;
  /** Bytes of the answer's content so far. */
  readonly content: number;
  /** Bytes of the request that the server has not taken. */
  readonly unsent: number;

  /** Puts the request head together. It leaves with what the sink is given next. May throw what the head cannot be sent for. */
  send(head: RequestHead, forwarded: Literal | undefined, traced: Literal | undefined): BodySink;
  /** The answer may come. */
  start(): void;
  /** Goes on with the answer, because the client keeps up again. */
  resume(): void;
  /** The answer is not to be read for a while, until `resume`. */
  pause(): void;
  /**
   * Gives the answer that was kept back: `finalHead` and what follows it come from within this call. The request is not sent on, should
   * some of it be left.
   */
  giveAnswer(): void;
  /** The exchange is over. `isClean`: the connection can serve another one, as far as the exchange knows. */
  release(isClean: boolean): void;
  destroy(error?: ProxyError): void;
  /** As `destroy`, when the request is sent on another connection. What closing it throws is thrown, and no event follows. */
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
  /** Part of a head has come. The rest has a timeout of its own. */
  headStarted(): void;
  /** A response that announces another one. */
  interimHead(head: ResponseHead): void;
  /**
   * Returns undefined to have the answer kept back. Then {@link answerKept} is called at once, and nothing more comes of this server until
   * {@link ServerSide.giveAnswer}.
   */
  finalHead(head: ResponseHead): BodySink | undefined;
  /** Whether the final head is to stay valid as long as the server side has its connection. Asked for after `finalHead` has returned a sink. */
  readonly keepsAnswerHead: boolean;
  /** The answer was kept back, with what has come of it, and the server is paused. */
  answerKept(status: number): void;
  /** Part of the body went to the sink. */
  responseMoved(): void;
  /** The whole body went to the sink. `isClean` is false if the server sent more than it should. */
  responseEnded(isClean: boolean): void;
  /** The server answered 101, and the connection speaks another protocol from here on. The exchange owns `early`. */
  protocolSwitched(head: ResponseHead, early: Buffer): void;
  /** The server, a parent proxy, has opened the tunnel that it was asked for. The exchange owns `early`. */
  tunnelOpened(early: Buffer): void;
  /** The server keeps up again with the request's body. */
  serverDrained(): void;
  /** The connection closed before anything was answered, so that the request may be tried again. `error` says that to the client. */
  serverLost(error: ProxyError): void;
  /**
   * The server is a parent proxy, and refused our login: the request has gone no further. `hasAnother`: with another connection there is
   * another login to try. `error` says it to the client.
   */
  loginRefused(error: ProxyError, hasAnother: boolean): void;
  /** The answer cannot be used, or broke off. */
  serverFailed(error: ProxyError): void;
}
