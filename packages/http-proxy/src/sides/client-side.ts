import type { ClientConnection, Connection, ProxyError, Timeout } from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { Authority } from '../message/authority.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { Literal } from '../message/words.ts';
import type { Admitted } from './admitted.ts';

/**
 * The client as one exchange knows it: a request that can be answered once. HTTP/1 has one implementation
 * (`client/client-side.ts`); a stream of HTTP/2 would be another.
 *
 * **The life of it.** The client side reads a request head, makes an exchange with it, and calls {@link ClientEvents} from then on
 * until one of `finish`, `fail`, `cut` or `handOver` has been called, which end the exchange for the client side: after one of them neither
 * calls the other again, because the same object may already serve the next request.
 *
 * **The answer.** Any number of `interim`, then exactly one of: `answer` (then the sink that it returned gets the body, then `finish`);
 * `answerOurselves` (then `finish`); `fail`; `acceptTunnel` or `switchProtocols` (then `handOver`). `fail` is only for as
 * long as `answerStarted` is false, `cut` for ever.
 *
 * **The request's body.** Bytes that come are kept, and the client is paused when they are many, until `giveBody` names a sink. From then on they are
 * given to it as they come, and `requestMoved` tells of it. Body bytes belong to the client side and are valid only during a call.
 *
 * **What it may throw.** `checkBody` and `giveBody` throw a {@link ProxyError} that says what is wrong with the body. What the connection itself throws (a defect, of a plugin perhaps) passes through every method that writes.
 */
export interface ClientSide {
  /** The connection that it came on. For sessions, and to be looked at. */
  readonly client: ClientConnection;
  /** The exchange's to start and cancel, for as long as it lasts; the exchange's `timeoutExpired` is called. */
  readonly timeout: Timeout;
  /** What the last request of this client was admitted for; the exchange's to read and replace. */
  admitted: Admitted | undefined;
  /** Nothing was asked on this connection before. */
  readonly isFirst: boolean;
  /** The client gets no other answer on this connection. */
  readonly closing: boolean;
  /** It has finished sending; what it sent before may still wait for its turn. */
  readonly hasEnded: boolean;
  /** Bytes of answers that it has not taken. */
  readonly unsent: number;

  /** Has the request head outlive the call in which it came. It is valid from the beginning until `releaseHead`. */
  retainHead(): void;
  releaseHead(): void;

  /** The whole body was read; so it is from the beginning where there is none. */
  readonly requestComplete: boolean;
  /** Bytes of its content so far. */
  readonly requestContent: number;
  /** Bytes have come that wait for their turn. */
  readonly hasAhead: boolean;
  /** Looks at what has come of the body, if nothing of it was given yet: what is malformed is not to reach a server. Takes nothing. */
  checkBody(): void;
  /**
   * Gives the body to `sink`, beginning with what has come in this very call; called again, the whole body once more, as far as
   * it was kept. `keep` asks to keep what is given for that. Returns how many bytes were given at once.
   */
  giveBody(sink: BodySink, keep: boolean): number;
  /** Whether `giveBody` can be called again. */
  readonly bodyIsKept: boolean;
  /** After `giveBody`, when the exchange goes on: what waited for its turn is given too. */
  takeAhead(): void;
  /** The sink of the body is gone: what comes waits until `giveBody` is called again. */
  holdBody(): void;
  /** The sink keeps up again. */
  resumeBody(): void;

  /** Lines that tell a server who the client is, if it is to be told. */
  forwardedLines(authority: Authority): Literal | undefined;

  /** Sends a response that announces another one, if the client understands that. */
  interim(head: ResponseHead): void;
  /** Sends the final head; with `close` it says that the connection is not for another request. The body goes to what it returns. */
  answer(head: ResponseHead, close: boolean): BodySink;
  /** Something of the final answer has left: nothing else can be said in its place. */
  readonly answerStarted: boolean;
  answerOurselves(answer: OwnAnswer, close: boolean): void;
  /** The answer is written. The client may go on if `keepAlive`; with `isLast` it is known to send nothing more. */
  finish(keepAlive: boolean, isLast: boolean): void;
  /** Answers with an error of ours. Then as `finish`. */
  fail(error: ProxyError, about: RequestStyle, keepAlive: boolean): void;
  /** Ends the connection (of HTTP/2: the stream) so that nobody takes the part for the whole. */
  cut(error?: Error): void;

  /** Answers CONNECT: the tunnel is open (RFC 9110 section 9.3.6). */
  acceptTunnel(): void;
  /** Answers 101 (RFC 9110 section 7.8). */
  switchProtocols(head: ResponseHead): void;
  /** Gives the connection away, for a relay to own. */
  handOver(): TunnelClient;
}

/** What an answer of our own must know of the request. */
export interface RequestStyle {
  readonly method: string;
  /** The target as the client wrote it; undefined where none was understood. */
  readonly url: string | undefined;
  /** The client prefers a page to JSON. */
  readonly html: boolean;
  /** Place of the setting that would change the outcome, where there is one: `http.maxBody` is the service's own. */
  readonly setting: string | undefined;
  /** The id of the request in the log; undefined where it has none. */
  readonly id: string | undefined;
}

/** A client's connection that has become a tunnel's. */
export interface TunnelClient {
  readonly connection: Connection;
  /** What has come from it already; the memory is the receiver's. */
  readonly early: Buffer | undefined;
  /** It has finished sending. */
  readonly hasEnded: boolean;
  /** To be told when the relay has closed the connection. */
  readonly owner: TunnelOwner;
}

export interface TunnelOwner {
  tunnelClosed(): void;
}

/** What an exchange hears from its client side. */
export interface ClientEvents {
  /** So many bytes of the body were given to the sink. */
  requestMoved(bytes: number): void;
  /** The body is malformed or too big, or the client side can bear no more of it. */
  requestFailed(error: ProxyError): void;
  /** The client has finished sending, and what it sent was given. */
  clientEnded(): void;
  /** What was written has left, after the sink of the answer was `full`. */
  clientDrained(): void;
  /** The connection (or the stream) is closed: the exchange ends, and calls nothing on the client side any more. */
  clientClosed(): void;
  timeoutExpired(): void;
}
