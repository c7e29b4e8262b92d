import type { ClientConnection, Connection, LiveSession, ProxyError, Timeout } from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import { Exchange } from '../exchange/exchange.ts';
import { ExchangeTimer } from '../service/exchange-timer.ts';
import type { ExchangePlan } from '../exchange/plan.ts';
import type { Admitted } from '../sides/admitted.ts';
import type { ClientSide, RequestStyle, TunnelClient, TunnelOwner } from '../sides/client-side.ts';
import type { Authority } from '../message/authority.ts';
import { requestBodyError } from '../message/body/body-faults.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { ForwardedLines } from '../message/forwarded.ts';
import type { HeadReader } from '../message/parser/head-reader.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import type { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import { AnswerWriter } from './answer-writer.ts';
import { RequestBody } from './request-body.ts';

/** The connection that the exchange is on. */
export interface ClientSideOwner extends TunnelOwner {
  /** It serves no request after the one that it has. */
  closing: boolean;
  readonly hasEnded: boolean;
  /** Requests so far, this one included. */
  readonly requests: number;
  /** Bytes that wait for their turn. Only to look at. */
  readonly ahead: Buffer | undefined;
  /** The same bytes. The caller owns them. */
  dropAhead(): Buffer | undefined;
  /** Handles them now. */
  takeAhead(): void;
  exchangeDone(keepAlive: boolean, flushed: boolean, isLast: boolean): void;
  /** The last answer is written, and the request may not have come whole. */
  exchangeFailed(): void;
  becomeTunnel(): void;
  destroy(error?: Error): void;
}

/**
 * The client of one exchange over HTTP/1. {@link RequestBody} reads the request's body, and {@link AnswerWriter} writes the answer. One object
 * serves all exchanges of a connection, with these two, because there is one exchange at a time.
 */
export class Http1ClientSide implements ClientSide {
  client: ClientConnection;
  readonly timer: ExchangeTimer;
  admitted: Admitted | undefined = undefined;

  readonly #context: HttpContext;
  readonly #plan: ExchangePlan;
  readonly #owner: ClientSideOwner;
  readonly #connection: Connection;
  readonly #forwarded: ForwardedLines | undefined;
  readonly #body: RequestBody;
  readonly #answer: AnswerWriter;
  #exchange: Exchange | undefined = undefined;
  #request: HeadReader<RequestHead> | undefined = undefined;

  constructor(plan: ExchangePlan, client: ClientConnection, timeout: Timeout, owner: ClientSideOwner) {
    const { context } = plan;
    const { forwarded } = context.options;
    this.client = client;
    this.timer = new ExchangeTimer(timeout, context.timeouts);
    this.#context = context;
    this.#plan = plan;
    this.#owner = owner;
    this.#connection = client.connection;
    const { mode } = context.service;
    this.#forwarded = forwarded === 'off' ? undefined : new ForwardedLines({ style: forwarded, mode });
    this.#body = new RequestBody(context, client.connection);
    this.#answer = new AnswerWriter(context, client.connection);
  }

  // ---- what the connection calls

  /** The next request is of another client, where a trusted proxy asks for several. */
  setClient(client: ClientConnection): void {
    if (client === this.client) return;
    this.client = client;
    this.admitted = undefined;
  }

  /** Serves a request. `bytes[at..end)` came behind its head. Returns the position after what belongs to it and was taken. */
  serve(request: HeadReader<RequestHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = request;
    this.#request = request;
    this.#body.begin(head, bytes, at, end);
    this.#answer.begin(head.minor);
    const exchange = new Exchange(this, this.#plan, head);
    this.#exchange = exchange;
    exchange.start();
    return this.#body.stopEarly();
  }

  /** Whether bytes from the client belong to the request's body, now. */
  get wantsBody(): boolean {
    return this.#body.isWanted;
  }

  /** Whether the client must wait because the server does not keep up. */
  get mustWait(): boolean {
    return this.#body.mustWait;
  }

  /** Takes bytes of the body. Returns the position after them. */
  data(bytes: Buffer, at: number, end: number): number {
    try {
      const stop = this.#body.take(bytes, at, end);
      this.#exchange?.requestMoved(stop - at);
      this.#body.keepPace();
      return stop;
    } catch (error) {
      this.#exchange?.requestFailed(requestBodyError(error, this.#context.maxBody));
      return end;
    }
  }

  /** Bytes of the body went straight to the server. */
  forwarded(bytes: number): void {
    try {
      if (!this.#body.forwarded(bytes)) return;
      this.#exchange?.requestMoved(bytes);
      this.#body.keepForwarding();
    } catch (error) {
      this.#exchange?.requestFailed(requestBodyError(error, this.#context.maxBody));
    }
  }

  clientDrained(): void {
    this.#answer.drained();
    this.#exchange?.clientDrained();
  }

  clientEnded(): void {
    this.#exchange?.clientEnded();
  }

  clientClosed(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.clientClosed();
  }

  timeoutExpired(): void {
    this.#exchange?.timeoutExpired();
  }

  /** The request that is being served, for an operator. */
  get live(): LiveSession | undefined {
    return this.#exchange?.live;
  }

  // ---- ClientSide

  get isFirst(): boolean {
    return this.#owner.requests === 1;
  }

  get requests(): number {
    return this.#owner.requests;
  }

  get closing(): boolean {
    return this.#owner.closing;
  }

  closeBehind(): void {
    this.#owner.closing = true;
  }

  get hasEnded(): boolean {
    return this.#owner.hasEnded;
  }

  get unsent(): number {
    return this.#connection.queued;
  }

  get unacknowledged(): number | undefined {
    return this.#connection.unacknowledged?.();
  }

  retainHead(): void {
    this.#request?.retain();
  }

  releaseHead(): void {
    if (this.#request !== undefined) this.#context.requestReaders.give(this.#request);
    this.#request = undefined;
  }

  get requestComplete(): boolean {
    return this.#body.complete;
  }

  get requestContent(): number {
    return this.#body.content;
  }

  get hasAhead(): boolean {
    return this.#owner.ahead !== undefined;
  }

  checkBody(): void {
    try {
      this.#body.check(this.#owner.ahead);
    } catch (error) {
      throw requestBodyError(error, this.#context.maxBody);
    }
  }

  giveBody(sink: BodySink, keep: boolean): number {
    try {
      return this.#body.give(sink, keep);
    } catch (error) {
      throw requestBodyError(error, this.#context.maxBody);
    }
  }

  askForBody(): void {
    this.#answer.askForBody();
  }

  get bodyIsKept(): boolean {
    return this.#body.isKept;
  }

  takeAhead(): void {
    this.#owner.takeAhead();
  }

  holdBody(): void {
    this.#body.hold();
  }

  resumeBody(): void {
    this.#body.resume();
  }

  pauseBody(): void {
    this.#connection.pause();
  }

  forwardedLines(authority: Authority): Literal | undefined {
    return this.#forwarded?.for(authority, this.client);
  }

  interim(head: ResponseHead): void {
    this.#answer.interim(head);
  }

  answer(head: ResponseHead, close: boolean): BodySink {
    return this.#answer.start(head, close);
  }

  get answerStarted(): boolean {
    return this.#answer.started;
  }

  answerOurselves(answer: OwnAnswer, close: boolean): void {
    this.#answer.own(answer, close);
  }

  finish(keepAlive: boolean, isLast: boolean): void {
    this.#exchange = undefined;
    this.#owner.exchangeDone(keepAlive && !this.#answer.endsWithConnection, !this.#answer.full, isLast);
  }

  fail(error: ProxyError, about: RequestStyle, keepAlive: boolean): void {
    this.#exchange = undefined;
    const flushed = this.#answer.error(this.client.address, error, about, keepAlive);
    if (keepAlive) this.#owner.exchangeDone(true, flushed, false);
    else this.#owner.exchangeFailed();
  }

  cut(error?: Error): void {
    this.#exchange = undefined;
    this.#owner.destroy(error);
  }

  acceptTunnel(): void {
    this.#answer.established();
  }

  switchProtocols(head: ResponseHead): void {
    this.#answer.withoutBody(head);
  }

  handOver(): TunnelClient {
    const early = this.#body.takeEarly();
    this.#exchange = undefined;
    const owner = this.#owner;
    owner.becomeTunnel();
    return { connection: this.#connection, early: early ?? owner.dropAhead(), hasEnded: owner.hasEnded, owner };
  }
}
