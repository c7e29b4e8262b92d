import {
  boundServersOf,
  ignoreEvents,
  isIntercepted,
  ProxyError,
  Timeout,
  toProxyError,
  type ClientConnection,
  type Connection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  type LiveSession,
  type Patience,
} from '@inband/core';
import type { ConnectionOwner, OpenConnection } from '../exchange/open-connection.ts';
import { tunnelOf } from '../exchange/tunnel.ts';
import { badRequest, requestFault } from '../message/head/faults.ts';
import { foreignProtocol } from './foreign-protocol.ts';
import type { HeadLimits } from '../message/parser/head-parser.ts';
import { FAULT, MORE, type HeadReader } from '../message/parser/head-reader.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { readerMayPause } from '../service/body-timeouts.ts';
import type { HttpContext } from '../service/context.ts';
import type { ConnectionWait } from '../service/timeouts.ts';
import type { TrustedProxies } from '../service/trusted-proxies.ts';
import { AheadBytes } from './ahead-bytes.ts';
import { asksForHtml } from './asks-for-html.ts';
import { Http1ClientSide, type ClientSideOwner } from './client-side.ts';
import { refusalAnswer } from './refusal.ts';
import { toldClient } from './told-client.ts';

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
 * - `tunnel`: a relay owns the connection.
 * - `lingering`: the last answer is written. What still comes is discarded until the client has read the answer.
 * - `closed`: the connection is closed, and no timeout runs.
 */
type State = 'idle' | 'reading-head' | 'exchanging' | 'flushing' | 'tunnel' | 'lingering' | 'closed';

/** What a client may speak on its listener, where that is not HTTP alone. */
export interface OtherProtocols {
  /** Why a client of HTTP is not served; undefined where it is. */
  readonly noHttp: ProxyError | undefined;
  /**
   * What serves a client whose first byte this is, in place of this connection; undefined where the byte is of no other protocol.
   * `refusal`: why the client is not to be served.
   */
  connectionOf(
    firstByte: number | undefined,
    owner: ConnectionOwner,
    client: ClientConnection,
    refusal: ProxyError | undefined,
  ): OtherConnection | undefined;
}

/** It is given the client's connection with its first bytes, `bytes[start..end)`, and owns it from then on. */
export interface OtherConnection extends OpenConnection {
  start(bytes: Buffer, start: number, end: number): void;
}

/** The timeout of a connection that waits for nothing any more. Never started. */
const NO_TIMEOUT = new Timeout(() => {});

/**
 * Owns a client connection of HTTP/1. Reads requests one after the other, and has each served by an exchange. Pipelined requests wait,
 * unread, until the one before them is answered.
 */
export class Http1ClientConnection implements ConnectionHandler, ClientSideOwner, OpenConnection, Expiring, Holder {
  closing = false;
  requests = 0;
  hasEnded = false;

  readonly client: ClientConnection;
  #owner: ConnectionOwner;
  #context: HttpContext;
  readonly #connection: Connection;
  #timeout = new Timeout(this);
  #state: State = 'idle';
  /** What the timeout is for. `exchange`: the exchange has started it. */
  #waitsFor: ConnectionWait | 'exchange' = 'idle';
  #reader: HeadReader<RequestHead> | undefined = undefined;
  /** Made with the first request. */
  #side: Http1ClientSide | undefined = undefined;
  /** While something has come before its turn. */
  #ahead: AheadBytes | undefined = undefined;
  /** The last answer did not say that it is the last one. */
  #mayAskAgain = false;
  /** Part of a head is kept, and counted. */
  #holdsHead = false;
  /** The answer to the first request of a client that is not to be served. */
  #refusal: ProxyError | undefined;
  readonly #others: OtherProtocols | undefined;
  /** Whose the last request was, where a trusted proxy said so. */
  #told: ClientConnection | undefined = undefined;

  constructor(owner: ConnectionOwner, client: ClientConnection, others: OtherProtocols | undefined) {
    this.#owner = owner;
    this.#others = others;
    this.#refusal = others?.noHttp;
    this.#context = owner.plan.context;
    this.client = client;
    this.#connection = client.connection;
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  // ---- what the proxy calls

  get isTunnel(): boolean {
    return this.#state === 'tunnel';
  }

  start(): void {
    this.#connection.handler = this;
    if (!this.closing && isIntercepted(this.client)) this.#startTimeout('first-byte');
    else this.#waitForRequest();
    this.#connection.resume();
  }

  /** Instead of `start`, for a client that is not to be served. Answers its first request, if that comes soon, and closes. */
  refuse(error: ProxyError): void {
    this.#refusal = error;
    this.closing = true;
    this.#connection.handler = this;
    this.#startTimeout('refusal');
    this.#connection.resume();
  }

  drain(patience: Patience): void {
    if (patience === 'idle-timeout' || !this.#isBetweenRequests()) return;
    if (this.requests > 0 && patience === 'none') this.#finish();
    else if (this.#waitsFor !== 'first-request') this.#startTimeout('first-request');
  }

  destroy(error?: Error): void {
    if (this.#state === 'closed') return;
    this.#connection.destroy(error);
    if (this.#state === 'tunnel') return;
    this.#connection.handler = ignoreEvents;
    this.#close();
  }

  get live(): LiveSession | undefined {
    return this.#state === 'tunnel' ? tunnelOf(this.#connection) : this.#side?.live;
  }

  move(): void {
    if (this.#state === 'idle') this.#move();
  }

  #move(): void {
    const owner = this.#owner.moveToSuccessor(this);
    if (owner === undefined) return;
    this.#owner = owner;
    this.#context = owner.plan.context;
    this.#side = undefined;
  }

  /** Empty lines that may precede a request are not a request yet. */
  #isBetweenRequests(): boolean {
    return this.#state === 'idle' || (this.#state === 'reading-head' && this.#reader?.head.started !== true);
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case 'idle':
          // The timeout is not restarted, because what came may be an empty line.
          if (this.#waitsFor === 'first-byte') this.#waitsFor = 'idle';
          this.#enter('reading-head');
          break;
        case 'reading-head':
          at = this.#readHead(bytes, at, end);
          break;
        case 'exchanging':
          if (this.#side?.wantsBody !== true) return this.#keepAhead(bytes, at, end);
          at = this.#side.data(bytes, at, end);
          break;
        case 'flushing':
          return this.#keepAhead(bytes, at, end);
        case 'lingering':
        case 'tunnel':
        case 'closed':
          return;
      }
    }
  }

  forwarded(bytes: number): void {
    if (this.#state === 'exchanging') this.#side?.forwarded(bytes);
  }

  drained(): void {
    if (this.#state === 'flushing') this.#next();
    else if (this.#state === 'lingering') this.#startTimeout('linger');
    else this.#side?.clientDrained();
  }

  ended(): void {
    this.hasEnded = true;
    this.#actOnEnd();
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#silent('client');
    this.#close();
  }

  /** Handles the client's end, which comes behind what waits for its turn. */
  #actOnEnd(): void {
    if (this.#ahead === undefined) this.closing = true;
    switch (this.#state) {
      case 'idle':
        this.#silent('client');
        return this.#finish();
      case 'reading-head':
        if (this.#isBetweenRequests()) return this.#finish();
        return this.#refuse(badRequest('The request ended in the middle of its head.'));
      case 'exchanging':
        return this.#side?.clientEnded();
      case 'flushing':
      case 'lingering':
      case 'tunnel':
      case 'closed':
    }
  }

  /** Reports an intercepted client that sent nothing before its connection ended. */
  #silent(closedBy: 'client' | 'proxy'): void {
    if (this.#waitsFor !== 'first-byte') return;
    this.#waitsFor = 'idle';
    this.#context.onSilent(this.client, closedBy);
  }

  // ---- requests

  #readHead(bytes: Buffer, start: number, end: number): number {
    const context = this.#context;
    const reader = (this.#reader ??= context.requestReaders.take(this.#requestLimits));
    const { head } = reader;
    try {
      const at = reader.read(bytes, start, end);
      if (at === FAULT) {
        if (this.#becomesOther(head, bytes, start, end)) return end;
        throw foreignProtocol(head) ?? requestFault(head.fault);
      }
      if (at === MORE) {
        this.#holdHead(reader);
        return end;
      }
      if (this.#holdsHead) this.#dropHead();
      if (this.#refusal !== undefined) throw this.#refusal;
      head.understand(context.rules);
      if (context.trustedProxies !== undefined) this.#noteClient(context.trustedProxies, head);
      return this.#serve(reader, bytes, at, end);
    } catch (error) {
      this.#refuse(toProxyError(error), head, asksForHtml(head, bytes, start, end));
      return end;
    }
  }

  /**
   * Gives the connection away if its first bytes are of another protocol that its listener accepts. No request begins with such a byte, so
   * only what is no request is looked at.
   */
  #becomesOther(head: RequestHead, bytes: Buffer, start: number, end: number): boolean {
    if (this.#others === undefined || this.requests > 0 || head.lineStart > 0) return false;
    const refusal = this.#refusal === this.#others.noHttp ? undefined : this.#refusal;
    const other = this.#others.connectionOf(bytes[start], this.#owner, this.client, refusal);
    if (other === undefined) return false;
    this.#enter('closed');
    this.#timeout.cancel();
    this.#giveReaderBack();
    other.closing = this.closing;
    this.#owner.replace(this, other);
    other.start(bytes, start, end);
    return true;
  }

  get #requestLimits(): HeadLimits {
    return this.client.tls === undefined ? this.#context.requestLimits : this.#context.secureRequestLimits;
  }

  /** Notes whose request it is. What another client has logged in on is closed. */
  #noteClient(trusted: TrustedProxies, head: RequestHead): void {
    const told = toldClient(trusted, head, this.client, this.#told);
    if (told === this.#told) return;
    this.#closeBound(this.#told);
    this.#told = told === this.client ? undefined : told;
  }

  #closeBound(client: ClientConnection | undefined): void {
    if (client !== undefined) boundServersOf(client)?.close();
  }

  #serve(reader: HeadReader<RequestHead>, bytes: Buffer, at: number, end: number): number {
    this.#reader = undefined;
    this.#enter('exchanging');
    this.#waitsFor = 'exchange';
    this.requests += 1;
    this.#side ??= new Http1ClientSide(this.#owner.plan, this.client, this.#timeout, this);
    if (this.#context.trustedProxies !== undefined) this.#side.setClient(this.#told ?? this.client);
    return this.#side.serve(reader, bytes, at, end);
  }

  /** Keeps a head that is not complete. Its timeout runs from its first byte. */
  #holdHead(reader: HeadReader<RequestHead>): void {
    if (reader.head.started && this.#waitsFor !== 'header' && this.#refusal === undefined) this.#startTimeout('header');
    this.#holdsHead = true;
    this.#context.waitingBytes.holdHead(this, reader.capacity);
  }

  #dropHead(): void {
    this.#holdsHead = false;
    this.#context.waitingBytes.dropHead(this);
  }

  /** @internal Too many bytes wait, and those of this connection are dropped. */
  giveUp(error: ProxyError): void {
    if (this.#state === 'reading-head') this.#refuse(error);
    else if (this.#ahead !== undefined) this.destroy(error);
  }

  /** A head that is not understood: there is no exchange, but the log hears of it. */
  #refuse(error: ProxyError, head = this.#reader?.head, html = head !== undefined && asksForHtml(head)): void {
    this.#connection.write(refusalAnswer(this.#context, this.client, head, error, html));
    this.#finish();
  }

  // ---- what came before its turn

  #keepAhead(bytes: Buffer, start: number, end: number): void {
    const rest = bytes.subarray(start, end);
    if (this.#ahead === undefined) this.#ahead = new AheadBytes(rest, this.#context.waitingBytes, this);
    else this.#ahead.append(rest);
    this.#ahead.hold(this.#connection);
  }

  get ahead(): Buffer | undefined {
    return this.#ahead?.bytes;
  }

  dropAhead(): Buffer | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.drop();
  }

  takeAhead(): void {
    const ahead = this.dropAhead();
    if (ahead !== undefined) {
      this.data(ahead, 0, ahead.length);
      if (this.hasEnded) return this.#actOnEnd();
    }
    if (this.#state === 'tunnel' || this.#ahead !== undefined || this.#side?.mustWait === true) return;
    this.#connection.resume();
  }

  // ---- ClientSideOwner

  exchangeDone(keepAlive: boolean, flushed: boolean, isLast: boolean): void {
    if (this.#state !== 'exchanging') return;
    if (!keepAlive) this.closing = true;
    this.#mayAskAgain = keepAlive;
    if (isLast) return this.#finish(isLast);
    if (flushed || this.#isDone) return this.#next();
    this.#enter('flushing');
    this.#startTimeout('flush');
  }

  exchangeFailed(): void {
    this.#finish();
  }

  becomeTunnel(): void {
    // What only requests need is released, because thousands of tunnels may be idle.
    this.#timeout.cancel();
    this.#timeout = NO_TIMEOUT;
    this.#side = undefined;
    this.#closeBound(this.client);
    this.#closeBound(this.#told);
    this.#enter('tunnel');
  }

  tunnelClosed(): void {
    this.#close();
  }

  #next(): void {
    if (this.#owner.isRetired) this.#move();
    if (this.#isDone) return this.#finish();
    this.#enter('idle');
    this.#waitForRequest();
    this.takeAhead();
  }

  /**
   * Whether it is closed behind its answer. Not if that began before the proxy drained: it does not say so, and the client may be sending
   * its next request.
   */
  get #isDone(): boolean {
    return this.closing && !(this.#mayAskAgain && !this.hasEnded && this.#owner.patience !== 'none');
  }

  #waitForRequest(): void {
    this.#startTimeout(this.closing && this.#owner.patience !== 'idle-timeout' ? 'first-request' : 'idle');
  }

  // ---- the end

  /** Sends what is queued, then closes. Reads on for a short time, so that a reset does not overtake the answer. */
  #finish(isLast = false): void {
    this.#giveReaderBack();
    this.dropAhead();
    this.#enter('lingering');
    this.#startTimeout('linger');
    this.#connection.end(isLast);
    this.#connection.resume();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#enter('closed');
    this.#timeout.cancel();
    this.#giveReaderBack();
    this.dropAhead();
    this.#side?.clientClosed();
    this.#closeBound(this.client);
    this.#closeBound(this.#told);
    this.#owner.forget(this);
  }

  #giveReaderBack(): void {
    if (this.#holdsHead) this.#dropHead();
    if (this.#reader !== undefined) this.#context.requestReaders.give(this.#reader);
    this.#reader = undefined;
  }

  // ---- time

  #startTimeout(waitsFor: ConnectionWait): void {
    this.#waitsFor = waitsFor;
    this.#timeout.start(this.#context.timeouts[waitsFor]);
  }

  /** @internal */
  timeoutExpired(): void {
    switch (this.#waitsFor) {
      case 'exchange':
        return this.#side?.timeoutExpired();
      case 'first-byte':
        this.#silent('proxy');
        return this.destroy();
      case 'idle':
      case 'first-request':
      case 'refusal':
        return this.destroy();
      case 'flush':
        if (readerMayPause(this.#context.bodyTimeouts, this)) return this.#startTimeout('flush');
        return this.destroy(new ProxyError('http_request_error', 'The client stopped reading.', { status: 408 }));
      case 'linger':
        // What is still queued gets the time that a body gets, once.
        return this.unsent === 0 ? this.destroy() : this.#startTimeout('flush');
      case 'header': {
        const { headerTimeout } = this.#context.options;
        const message = `The request head did not come within ${headerTimeout} ms.`;
        return this.#refuse(badRequest(message, { status: 408, setting: 'http.headerTimeout' }));
      }
    }
  }

  /** Bytes of answers that the client has not taken. */
  get unsent(): number {
    return this.#connection.queued;
  }
}
