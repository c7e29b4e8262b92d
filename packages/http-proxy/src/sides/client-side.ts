import type { ClientConnection, Connection, ProxyError } from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { ChangeError } from '../fields/field-changes.ts';
import type { ExchangeTimer } from '../service/exchange-timer.ts';
import type { Authority } from '../message/authority.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { Literal } from '../message/words.ts';
import type { Admitted } from './admitted.ts';

/**
 * The client as one exchange knows it. Its request can be answered once. `client/client-side.ts` is the implementation for HTTP/1.
 * A stream of HTTP/2 would be another.
 *
 * **The life of it.** The client side reads a request head, makes an exchange with it, and calls {@link ClientEvents} from then on
 * until one of `finish`, `fail`, `cut` or `handOver` has been called, which end the exchange for the client side. After one of them
 * neither calls the other again, because the same object may already serve the next request.
 *
 * **The answer.** Any number of `interim`, then exactly one of these:
 * - `answer`, then the body for the sink that it returned, then `finish`
 * - `answerOurselves`, then `finish`
 * - `fail`, which may be called while `answerStarted` is false
 * - `acceptTunnel` or `switchProtocols`, then `handOver`
 *
 * `cut` may be called at any time instead.
 *
 * **The request's body.** Bytes that come are kept, and the client is paused when they are many, until `giveBody` names a sink. From then on they are
 * given to it as they come, and `requestMoved` tells of it. Body bytes belong to the client side and are valid only during a call.
 *
 * **What it may throw.** `checkBody` and `giveBody` throw a {@link ProxyError} that says what is wrong with the body. What the
 * connection itself throws, which is a defect, passes through every method that writes.
 */
export interface ClientSide {
  /** The connection that it came on. For sessions, and to be looked at. */
  readonly client: ClientConnection;
  /** The exchange has it for as long as it lasts. It calls `timeoutExpired` of the exchange. */
  readonly timer: ExchangeTimer;
  /** What the last request of this client was admitted for. The exchange reads and replaces it. */
  admitted: Admitted | undefined;
  /** Nothing was asked on this connection before. */
  readonly isFirst: boolean;
  /** Requests on this connection so far, this one included. */
  readonly requests: number;
  /** The client gets no other answer on this connection. */
  readonly closing: boolean;
  /** The client has finished sending. What it sent before may still wait for its turn. */
  readonly hasEnded: boolean;
  /** Bytes of answers that it has not taken. */
  readonly unsent: number;
  /** Bytes of answers that were sent and have not arrived. Undefined where nobody knows. */
  readonly unacknowledged: number | undefined;

  /** The client gets no other answer on this connection. */
  closeBehind(): void;

  /** Has the request head outlive the call in which it came. It is valid from the beginning until `releaseHead`. */
  retainHead(): void;
  releaseHead(): void;

  /** The whole body was read. True from the beginning for a request without a body. */
  readonly requestComplete: boolean;
  /** Bytes of its content so far. */
  readonly requestContent: number;
  /** Bytes have come that wait for their turn. */
  readonly hasAhead: boolean;
  /** Checks what has come of the body, if nothing of it was given yet, so that no server gets a malformed one. Takes nothing. */
  checkBody(): void;
  /**
   * Gives the body to `sink`, beginning with what has come in this very call. The second call gives the whole body once more, as
   * far as it was kept. `keep` asks to keep what is given for that. Returns how many bytes were given at once.
   */
  giveBody(sink: BodySink, keep: boolean): number;
  /** Tells a client that waits for the server's word to send its body (RFC 9110 section 10.1.1). */
  askForBody(): void;
  /** Whether `giveBody` can be called again. */
  readonly bodyIsKept: boolean;
  /** Gives what waited for its turn, too. To be called after `giveBody`, when the exchange goes on. */
  takeAhead(): void;
  /** The sink of the body is gone. What comes waits until `giveBody` is called again. */
  holdBody(): void;
  /** The sink keeps up again. */
  resumeBody(): void;
  /** The body is not to be read for a while, until `resumeBody`. */
  pauseBody(): void;

  /** Lines that tell a server who the client is, if it is to be told. */
  forwardedLines(authority: Authority): Literal | undefined;

  /** Sends a response that announces another one, if the client understands that. */
  interim(head: ResponseHead): void;
  /** Sends the final head. `close` says that the connection is not for another request. The returned sink takes the body. */
  answer(head: ResponseHead, close: boolean): BodySink;
  /** Something of the final answer has left, so that no other answer can replace it. */
  readonly answerStarted: boolean;
  answerOurselves(answer: OwnAnswer, close: boolean): void;
  /** The answer is written. `keepAlive`: the client may go on. `isLast`: the client is known to send nothing more. */
  finish(keepAlive: boolean, isLast: boolean): void;
  /** Answers with an error of ours, and ends the exchange as `finish` does. */
  fail(error: ProxyError, about: RequestStyle, keepAlive: boolean): void;
  /** Ends the connection (with HTTP/2, the stream) so that the client does not take a part of the answer for the whole. */
  cut(error?: Error): void;

  /** Answers CONNECT by saying that the tunnel is open (RFC 9110 section 9.3.6). */
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
  /** Place of the setting that would change the outcome, where there is one. Example: `http.maxBody` of the service. */
  readonly setting: string | undefined;
  /** The id of the request in the log; undefined where it has none. */
  readonly id: string | undefined;
  /** Changes the fields of the answer, where rules do. */
  readonly changeFields: ChangeError | undefined;
}

/** A client's connection that has become a tunnel's. */
export interface TunnelClient {
  readonly connection: Connection;
  /** What has come from it already. The receiver owns the memory. */
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
  /** The connection (or the stream) is closed. The exchange ends, and calls nothing on the client side any more. */
  clientClosed(): void;
  timeoutExpired(): void;
}
