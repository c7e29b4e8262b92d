import {
  isIntercepted,
  ProxyError,
  toProxyError,
  type ClientConnection,
  type ConnectionHandler,
  type Patience,
} from '@inband/core';
import type { ConnectionOwner } from '../exchange/open-connection.ts';
import { badRequest, requestFault } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { FAULT, MORE, type HeadReader } from '../message/parser/head-reader.ts';
import { readerMayPause } from '../service/body-timeouts.ts';
import { asksForHtml } from './asks-for-html.ts';
import { Http1ClientSide, type ClientSideOwner } from './client-side.ts';
import { foreignProtocol } from './foreign-protocol.ts';
import type { OtherProtocols } from './other-protocols.ts';
import { refusalAnswer } from './refusal.ts';
import { RequestHeads } from './request-heads.ts';
import { ServedConnection } from './served-connection.ts';

/**
 * Where a client connection stands.
 *
 *     idle ──▶ reading-head ──▶ exchanging ──▶ tunnel ──▶ closed
 *      ▲            │             │  │                      ▲
 *      │            │             │  └──▶ flushing ──┐      │
 *      ├────────────┼─────────────┘         │        │      │
 *      ├────────────┼───────────────────────┘        │      │
 *      └────────────┴──▶ lingering ◀─────────────────┘      │
 *                           └──────── (and any other) ──────┘
 *
 * - `idle`: between requests. Nothing of a next one has come.
 * - `reading-head`: part of a request head has come.
 * - `exchanging`: a request is being served. Bytes belong to its body, or wait for their turn.
 * - `flushing`: answered, but the client does not keep up. The next request waits until the answer has left.
 * - `tunnel`, `lingering`, `closed`: see {@link ServedConnection}.
 */
type BusyState = 'idle' | 'reading-head' | 'exchanging' | 'flushing';

/**
 * Owns a client connection of HTTP/1. Reads requests one after the other, and has each served by an exchange. Pipelined requests wait,
 * unread, until the one before them is answered.
 */
export class Http1ClientConnection
  extends ServedConnection<BusyState, Http1ClientSide>
  implements ConnectionHandler, ClientSideOwner
{
  requests = 0;

  #heads: RequestHeads | undefined = undefined;
  /** The last answer did not say that it is the last one. */
  #mayAskAgain = false;
  /** The answer to the first request of a client that is not to be served. */
  #refusal: ProxyError | undefined;
  readonly #others: OtherProtocols | undefined;

  constructor(owner: ConnectionOwner, client: ClientConnection, others: OtherProtocols | undefined) {
    super(owner, client, 'idle');
    this.#others = others;
    this.#refusal = others?.noHttp;
  }

  // ---- what the proxy calls

  start(): void {
    this.connection.handler = this;
    if (!this.closing && isIntercepted(this.client)) this.startTimeout('first-byte');
    else this.#waitForRequest();
    this.connection.resume();
  }

  /** Instead of `start`, for a client that is not to be served. Answers its first request, if that comes soon, and closes. */
  refuse(error: ProxyError): void {
    this.#refusal = error;
    this.closing = true;
    this.connection.handler = this;
    this.startTimeout('refusal');
    this.connection.resume();
  }

  drain(patience: Patience): void {
    if (patience === 'idle-timeout' || !this.#isBetweenRequests()) return;
    if (this.requests > 0 && patience === 'none') this.finish();
    else if (this.waitsFor !== 'first-request') this.startTimeout('first-request');
  }

  move(): void {
    if (this.state === 'idle') this.moveToSuccessor();
  }

  /** Empty lines that may precede a request are not a request yet. */
  #isBetweenRequests(): boolean {
    return this.state === 'idle' || (this.state === 'reading-head' && this.#heads?.head?.started !== true);
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case 'idle':
          // The timeout is not restarted, because what came may be an empty line.
          if (this.waitsFor === 'first-byte') this.waitsFor = 'idle';
          this.enter('reading-head');
          break;
        case 'reading-head':
          at = this.#readHead(bytes, at, end);
          break;
        case 'exchanging':
          if (this.side?.wantsBody !== true) return this.keepAhead(bytes, at, end);
          at = this.side.data(bytes, at, end);
          break;
        case 'flushing':
          return this.keepAhead(bytes, at, end);
        case 'lingering':
        case 'tunnel':
        case 'closed':
          return;
      }
    }
  }

  forwarded(bytes: number): void {
    if (this.state === 'exchanging') this.side?.forwarded(bytes);
  }

  drained(): void {
    if (this.state === 'flushing') this.#next();
    else if (this.state === 'lingering') this.startTimeout('linger');
    else this.side?.clientDrained();
  }

  ended(): void {
    this.hasEnded = true;
    this.#actOnEnd();
  }

  override closed(): void {
    if (this.state === 'closed') return;
    this.#silent('client');
    this.close();
  }

  /** Handles the client's end, which comes behind what waits for its turn. */
  #actOnEnd(): void {
    if (!this.hasAhead) this.closing = true;
    switch (this.state) {
      case 'idle':
        this.#silent('client');
        return this.finish();
      case 'reading-head':
        if (this.#isBetweenRequests()) return this.finish();
        return this.#refuse(badRequest('The request ended in the middle of its head.'));
      case 'exchanging':
        return this.side?.clientEnded();
      case 'flushing':
      case 'lingering':
      case 'tunnel':
      case 'closed':
    }
  }

  /** Reports an intercepted client that sent nothing before its connection ended. */
  #silent(closedBy: 'client' | 'proxy'): void {
    if (this.waitsFor !== 'first-byte') return;
    this.waitsFor = 'idle';
    this.context.onSilent(this.client, closedBy);
  }

  // ---- requests

  #readHead(bytes: Buffer, start: number, end: number): number {
    const heads = (this.#heads ??= new RequestHeads(this.client));
    const reader = heads.reader(this.context);
    const { head } = reader;
    let at: number;
    try {
      at = reader.read(bytes, start, end);
      if (at === FAULT) {
        if (this.#becomesOther(head, bytes, start, end)) return end;
        throw foreignProtocol(head) ?? requestFault(head.fault);
      }
      if (at === MORE) {
        this.#waitForHead(reader);
        return end;
      }
      reader.uncount();
      if (this.#refusal !== undefined) throw this.#refusal;
      heads.understand(head, this.context);
    } catch (error) {
      this.#refuse(toProxyError(error), head, asksForHtml(head, bytes, start, end));
      return end;
    }
    heads.gaveAway();
    return this.#serve(reader, heads.client, bytes, at, end);
  }

  /**
   * Gives the connection away if its first bytes are of another protocol that its listener accepts. No request begins with such a byte, so
   * only what is no request is looked at.
   */
  #becomesOther(head: RequestHead, bytes: Buffer, start: number, end: number): boolean {
    if (this.#others === undefined || this.requests > 0 || head.lineStart > 0) return false;
    const refusal = this.#refusal === this.#others.noHttp ? undefined : this.#refusal;
    const other = this.#others.connectionOf(bytes[start], this.owner, this.client, refusal);
    if (other === undefined) return false;
    this.enter('closed');
    this.timeout.cancel();
    this.stopReading();
    other.closing = this.closing;
    this.owner.replace(this, other);
    other.start(bytes, start, end);
    return true;
  }

  /** Keeps a head that is not complete. Its timeout runs from its first byte. */
  #waitForHead(reader: HeadReader<RequestHead>): void {
    if (reader.head.started && this.waitsFor !== 'header' && this.#refusal === undefined) this.startTimeout('header');
    reader.count(this.context.waitingBytes, this);
  }

  /** `asker`: whose request it is. */
  #serve(reader: HeadReader<RequestHead>, asker: ClientConnection, bytes: Buffer, at: number, end: number): number {
    this.enter('exchanging');
    this.waitsFor = 'exchange';
    this.requests += 1;
    this.side ??= new Http1ClientSide(this.owner.plan, this.client, this.timeout, this);
    this.side.setClient(asker);
    return this.side.serve(reader, bytes, at, end);
  }

  giveUp(error: ProxyError): void {
    if (this.state === 'reading-head') this.#refuse(error);
    else if (this.hasAhead) this.destroy(error);
  }

  /** A head that is not understood: there is no exchange, but the log hears of it. */
  #refuse(error: ProxyError, head = this.#heads?.head, html = head !== undefined && asksForHtml(head)): void {
    this.connection.write(refusalAnswer(this.context, this.client, head, error, html));
    this.finish();
  }

  protected stopReading(): void {
    this.#heads?.drop(this.context);
  }

  /** Handles what has come before its turn. */
  takeAhead(): void {
    const ahead = this.dropAhead();
    if (ahead !== undefined) {
      this.data(ahead, 0, ahead.length);
      if (this.hasEnded) return this.#actOnEnd();
    }
    if (this.isTunnel || this.hasAhead || this.side?.mustWait === true) return;
    this.connection.resume();
  }

  // ---- ClientSideOwner

  exchangeDone(keepAlive: boolean, flushed: boolean, isLast: boolean): void {
    if (this.state !== 'exchanging') return;
    if (!keepAlive) this.closing = true;
    this.#mayAskAgain = keepAlive;
    if (isLast) return this.finish(isLast);
    if (flushed || this.#isDone()) return this.#next();
    this.enter('flushing');
    this.startTimeout('flush');
  }

  exchangeFailed(): void {
    this.finish();
  }

  override becomeTunnel(): void {
    super.becomeTunnel();
    this.#heads?.closeBound();
    this.#heads = undefined;
  }

  #next(): void {
    if (this.owner.isRetired) this.moveToSuccessor();
    if (this.#isDone()) return this.finish();
    this.enter('idle');
    this.#waitForRequest();
    this.takeAhead();
  }

  /**
   * Whether it is closed behind its answer. Not if that began before the proxy drained: it does not say so, and the client may be sending
   * its next request.
   */
  #isDone(): boolean {
    return this.closing && !(this.#mayAskAgain && !this.hasEnded && this.owner.patience !== 'none');
  }

  #waitForRequest(): void {
    this.startTimeout(this.closing && this.owner.patience !== 'idle-timeout' ? 'first-request' : 'idle');
  }

  protected override close(): void {
    if (this.state === 'closed') return;
    super.close();
    this.#heads?.closeBound();
  }

  // ---- time

  /** @internal */
  timeoutExpired(): void {
    switch (this.waitsFor) {
      case 'exchange':
        return this.side?.timeoutExpired();
      case 'first-byte':
        this.#silent('proxy');
        return this.destroy();
      case 'idle':
      case 'first-request':
      case 'refusal':
        return this.destroy();
      case 'flush':
        if (readerMayPause(this.context.bodyTimeouts, this)) return this.startTimeout('flush');
        return this.destroy(new ProxyError('http_request_error', 'The client stopped reading.', { status: 408 }));
      case 'linger':
        // What is still queued gets the time that a body gets, once.
        return this.unsent === 0 ? this.destroy() : this.startTimeout('flush');
      case 'header': {
        const { headerTimeout } = this.context.options;
        const message = `The request head did not come within ${headerTimeout} ms.`;
        return this.#refuse(badRequest(message, { status: 408, setting: 'http.headerTimeout' }));
      }
    }
  }
}
