import type { ClientConnection, Connection, LiveSession, ProxyError, Timeout } from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import { Exchange } from '../exchange/exchange.ts';
import { ExchangeTimer } from '../service/exchange-timer.ts';
import type { ExchangePlan } from '../exchange/plan.ts';
import type { Admitted } from '../sides/admitted.ts';
import type { ClientSide, RequestStyle, TunnelClient, TunnelOwner } from '../sides/client-side.ts';
import type { Authority } from '../message/authority.ts';
import { requestBodyError } from '../message/body/body-faults.ts';
import { BodyReader } from '../message/body/body-reader.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { BodyWriter } from '../message/body/body-writer.ts';
import { checkChunks } from '../message/body/chunk-check.ts';
import { KeptBody } from '../message/body/kept-body.ts';
import { ForwardedLines } from '../message/forwarded.ts';
import type { HeadReader } from '../message/parser/head-reader.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { writeResponseHead } from '../message/head/serialise.ts';
import { HEAD_AT, sendBuffer } from '../message/send-buffer.ts';
import type { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import { errorAnswer, ownAnswerBytes } from './answer-bytes.ts';

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

const NOTHING = Buffer.alloc(0);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * The client of one exchange over HTTP/1. Reads the request's body and writes the answer. One object serves all exchanges of a connection,
 * with its reader and its writer, because there is one exchange at a time.
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
  readonly #body: BodyReader;
  readonly #writer: BodyWriter;
  #exchange: Exchange | undefined = undefined;
  #request: HeadReader<RequestHead> | undefined = undefined;
  /** Minor version of the request, 0 or 1. */
  #minor = 1;
  /** Takes the body, from `giveBody` on. */
  #sink: BodySink | undefined = undefined;
  /** The body comes in chunks, in whatever form it goes on. */
  #isChunked = false;
  /** `giveBody` was called before. */
  #given = false;
  #kept: KeptBody | undefined = undefined;
  /** The answer has no other end than that of the connection. */
  #endsWithConnection = false;
  /** What came in the same call as the request head, behind it. */
  #early: Buffer = NOTHING;
  #at = 0;
  #end = 0;

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
    this.#body = new BodyReader(context.requestBodies.none, 0);
    this.#writer = new BodyWriter(client.connection);
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
    const framing = head.chunked ? 'chunked' : head.contentLength > 0 ? 'length' : 'none';
    this.#request = request;
    this.#minor = head.minor;
    this.#isChunked = head.chunked;
    this.#body.start(this.#context.requestBodies[framing], head.contentLength);
    this.#writer.reset();
    this.#sink = undefined;
    this.#given = false;
    this.#kept = undefined;
    this.#endsWithConnection = false;
    this.#early = bytes;
    this.#at = at;
    this.#end = end;
    const exchange = new Exchange(this, this.#plan, head);
    this.#exchange = exchange;
    exchange.start();
    // The transport owns the memory.
    this.#early = NOTHING;
    const stop = this.#at;
    this.#at = this.#end = 0;
    return stop;
  }

  /** Whether bytes from the client belong to the request's body, now. */
  get wantsBody(): boolean {
    return this.#sink !== undefined && !this.#body.complete;
  }

  /** Whether the client must wait because the server does not keep up. */
  get mustWait(): boolean {
    return this.#sink?.full === true && !this.#body.complete;
  }

  /** Takes bytes of the body. Returns the position after them. */
  data(bytes: Buffer, at: number, end: number): number {
    const sink = this.#sink;
    if (sink === undefined) return at;
    try {
      const stop = this.#body.read(bytes, at, end, sink);
      this.#kept?.append(bytes, at, stop);
      this.#exchange?.requestMoved(stop - at);
      this.#keepPace(sink);
      return stop;
    } catch (error) {
      this.#exchange?.requestFailed(requestBodyError(error, this.#context.maxBody));
      return end;
    }
  }

  /** Bytes of the body went straight to the server. */
  forwarded(bytes: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    try {
      this.#body.forwarded(bytes, sink);
      this.#exchange?.requestMoved(bytes);
      if (sink.full && !this.#body.complete) this.#connection.pause();
      else if (sink.mostDirect !== undefined) this.#keepPace(sink);
    } catch (error) {
      this.#exchange?.requestFailed(requestBodyError(error, this.#context.maxBody));
    }
  }

  clientDrained(): void {
    this.#writer.full = false;
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
    if (this.#given || !this.#isChunked) return;
    const { ahead } = this.#owner;
    try {
      const { chunked } = this.#context.requestBodies;
      if (ahead === undefined) checkChunks(this.#early, this.#at, this.#end, chunked);
      else checkChunks(ahead, 0, ahead.length, chunked);
    } catch (error) {
      throw requestBodyError(error, this.#context.maxBody);
    }
  }

  giveBody(sink: BodySink, keep: boolean): number {
    this.#sink = sink;
    try {
      return this.#given ? this.#giveAgain(sink) : this.#giveFirst(sink, keep);
    } catch (error) {
      throw requestBodyError(error, this.#context.maxBody);
    }
  }

  askForBody(): void {
    if (this.#minor === 1) this.#connection.write(CONTINUE);
  }

  get bodyIsKept(): boolean {
    return this.#kept?.overflown === false;
  }

  takeAhead(): void {
    this.#owner.takeAhead();
  }

  holdBody(): void {
    this.#sink = undefined;
  }

  resumeBody(): void {
    const sink = this.#sink;
    // Where no more than so many bytes may come, the transport is asked for just that.
    if (sink !== undefined && sink.mostDirect !== undefined && !this.#body.complete) this.#keepPace(sink);
    this.#connection.resume();
  }

  pauseBody(): void {
    this.#connection.pause();
  }

  forwardedLines(authority: Authority): Literal | undefined {
    return this.#forwarded?.for(authority, this.client);
  }

  interim(head: ResponseHead): void {
    if (this.#minor === 1) this.#writeWithoutBody(head);
  }

  answer(head: ResponseHead, close: boolean): BodySink {
    const framing = this.#framingFor(head);
    this.#endsWithConnection = framing === 'close';
    const additions = this.#context.responseAdditions;
    additions.framing = framing;
    additions.close = close || this.#endsWithConnection;
    additions.sessionLogins = head.word.challenges && this.#context.service.mode === 'forward';
    const headEnd = writeResponseHead(head, additions);
    this.#writer.start(framing === 'chunked' ? 'chunked' : 'raw', headEnd);
    return this.#writer;
  }

  get answerStarted(): boolean {
    return this.#writer.started;
  }

  answerOurselves(answer: OwnAnswer, close: boolean): void {
    if (!this.#connection.write(ownAnswerBytes(answer, close))) this.#writer.full = true;
  }

  finish(keepAlive: boolean, isLast: boolean): void {
    this.#exchange = undefined;
    this.#owner.exchangeDone(keepAlive && !this.#endsWithConnection, !this.#writer.full, isLast);
  }

  fail(error: ProxyError, about: RequestStyle, keepAlive: boolean): void {
    this.#exchange = undefined;
    const flushed = this.#connection.write(errorAnswer(this.#context, this.client.address, error, about, keepAlive));
    if (keepAlive) this.#owner.exchangeDone(true, flushed, false);
    else this.#owner.exchangeFailed();
  }

  cut(error?: Error): void {
    this.#exchange = undefined;
    this.#owner.destroy(error);
  }

  acceptTunnel(): void {
    this.#connection.write(this.#context.established.bytes);
  }

  switchProtocols(head: ResponseHead): void {
    this.#writeWithoutBody(head);
  }

  handOver(): TunnelClient {
    const early = this.#at < this.#end ? Buffer.from(this.#early.subarray(this.#at, this.#end)) : undefined;
    this.#at = this.#end;
    this.#exchange = undefined;
    const owner = this.#owner;
    owner.becomeTunnel();
    return { connection: this.#connection, early: early ?? owner.dropAhead(), hasEnded: owner.hasEnded, owner };
  }

  // ----

  #giveFirst(sink: BodySink, keep: boolean): number {
    const bytes = this.#early;
    const at = this.#at;
    this.#given = true;
    this.#at = this.#body.read(bytes, at, this.#end, sink);
    if (keep) {
      this.#kept = new KeptBody();
      this.#kept.append(bytes, at, this.#at);
    }
    if (sink.full && !this.#body.complete) this.#connection.pause();
    return this.#at - at;
  }

  #giveAgain(sink: BodySink): number {
    const bytes = this.#kept?.bytes ?? NOTHING;
    this.#body.restart();
    const moved = this.#body.read(bytes, 0, bytes.length, sink);
    if (sink.full && !this.#body.complete) this.#connection.pause();
    return moved;
  }

  #keepPace(sink: BodySink): void {
    if (this.#body.complete) return;
    if (sink.full) this.#connection.pause();
    else this.#body.forward(this.#connection, sink);
  }

  #writeWithoutBody(head: ResponseHead): void {
    const additions = this.#context.responseAdditions;
    additions.framing = 'none';
    additions.close = additions.sessionLogins = false;
    const headEnd = writeResponseHead(head, additions);
    this.#connection.write(sendBuffer(0), HEAD_AT, headEnd);
  }

  /** For HTTP/1.0, a body without a length ends with the connection, because that version has no chunks. */
  #framingFor(head: ResponseHead): 'none' | 'length' | 'chunked' | 'close' {
    if (head.framing !== 'chunked' && head.framing !== 'close') return head.framing;
    return this.#minor === 1 ? 'chunked' : 'close';
  }
}
