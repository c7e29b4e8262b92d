import type { ClientConnection, Connection, LiveSession, ProxyError, Timeout } from '@inband/core';
import { Exchange } from '../exchange/exchange.ts';
import type { ExchangePlan } from '../exchange/plan.ts';
import type { HeadReader } from '../message/parser/head-reader.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { ExchangeTimer } from '../service/exchange-timer.ts';
import type { Admitted } from '../sides/admitted.ts';
import type { ClientSide, TunnelClient, TunnelOwner } from '../sides/client-side.ts';
import { replyBytes, SocksReply, replyTo } from './socks-reply.ts';
import type { SocksVersion } from './socks-version.ts';

/** The connection that the exchange is on. */
export interface SocksSideOwner extends TunnelOwner {
  readonly version: SocksVersion;
  readonly closing: boolean;
  readonly hasEnded: boolean;
  /** Whether the client has sent bytes behind its request. */
  readonly hasAhead: boolean;
  /** The bytes that the client has sent behind its request. The caller owns them. */
  dropAhead(): Buffer | undefined;
  /** The last reply is written. */
  exchangeOver(): void;
  becomeTunnel(): void;
  destroy(error?: Error): void;
}

/**
 * The client of the one exchange of a SOCKS connection. What it asks for is to the exchange a CONNECT, which it answers by a reply. A
 * CONNECT has no body, and its answer neither, so nothing here reads or writes one.
 */
export class SocksSide implements ClientSide {
  readonly client: ClientConnection;
  readonly timer: ExchangeTimer;
  admitted: Admitted | undefined = undefined;
  readonly isFirst = true;
  readonly requests = 1;
  readonly requestComplete = true;
  readonly requestContent = 0;
  readonly bodyIsKept = false;
  answerStarted = false;

  readonly #plan: ExchangePlan;
  readonly #owner: SocksSideOwner;
  readonly #connection: Connection;
  #request: HeadReader<RequestHead> | undefined = undefined;
  #exchange: Exchange | undefined = undefined;

  constructor(plan: ExchangePlan, client: ClientConnection, timeout: Timeout, owner: SocksSideOwner) {
    this.client = client;
    this.timer = new ExchangeTimer(timeout, plan.context.timeouts);
    this.#plan = plan;
    this.#owner = owner;
    this.#connection = client.connection;
  }

  // ---- what the connection calls

  /** Serves the request, whose head lies in memory of its own. */
  serve(request: HeadReader<RequestHead>): void {
    this.#request = request;
    this.#exchange = new Exchange(this, this.#plan, request.head);
    this.#exchange.start();
  }

  /** The request that is being served, for an operator. */
  get live(): LiveSession | undefined {
    return this.#exchange?.live;
  }

  clientEnded(): void {
    this.#exchange?.clientEnded();
  }

  timeoutExpired(): void {
    this.#exchange?.timeoutExpired();
  }

  clientClosed(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.clientClosed();
  }

  // ---- ClientSide

  get closing(): boolean {
    return this.#owner.closing;
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

  get hasAhead(): boolean {
    return this.#owner.hasAhead;
  }

  /** Its only request has no other behind it. */
  closeBehind(): void {}

  retainHead(): void {}

  releaseHead(): void {
    if (this.#request !== undefined) this.#plan.context.requestReaders.give(this.#request);
    this.#request = undefined;
  }

  checkBody(): void {}
  takeAhead(): void {}
  holdBody(): void {}
  resumeBody(): void {}
  pauseBody(): void {}

  forwardedLines(): undefined {
    return undefined;
  }

  giveBody(): number {
    throw noAnswer();
  }

  interim(): void {
    throw noAnswer();
  }

  answer(): never {
    throw noAnswer();
  }

  switchProtocols(): void {
    throw noAnswer();
  }

  /** The client asked for a tunnel, and understands nothing else. */
  askForBody(): void {}

  answerOurselves(): void {
    this.#reply(SocksReply.notAllowed);
  }

  finish(): void {
    this.#exchange = undefined;
    this.#owner.exchangeOver();
  }

  fail(error: ProxyError): void {
    this.#exchange = undefined;
    this.#reply(replyTo(error));
    this.#owner.exchangeOver();
  }

  cut(error?: Error): void {
    this.#exchange = undefined;
    this.#owner.destroy(error);
  }

  acceptTunnel(): void {
    this.#reply(SocksReply.succeeded);
  }

  handOver(): TunnelClient {
    this.#exchange = undefined;
    const owner = this.#owner;
    const early = owner.dropAhead();
    owner.becomeTunnel();
    return { connection: this.#connection, early, hasEnded: owner.hasEnded, owner };
  }

  #reply(reply: SocksReply): void {
    this.answerStarted = true;
    this.#connection.write(replyBytes(this.#owner.version, reply));
  }
}

function noAnswer(): Error {
  return new Error('A SOCKS request has no body, and no answer but a tunnel or a failure.');
}
