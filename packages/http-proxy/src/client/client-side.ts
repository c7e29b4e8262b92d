import {
  boundServersOf,
  Timeout,
  ignoreEvents,
  isIntercepted,
  ProxyError,
  toProxyError,
  type ClientConnection,
  type Connection,
  type ConnectionHandler,
  type TimeoutList,
  type Expiring,
  type Holder,
} from '@inband/core';
import type { Admitted } from '../exchange/admission.ts';
import type { HttpContext } from '../service/context.ts';
import { errorResponse } from '../answers/error-response.ts';
import { Exchange } from '../exchange/exchange.ts';
import { badRequest, requestFault } from '../message/head/faults.ts';
import { foreignProtocol } from '../message/head/foreign-protocol.ts';
import { ForwardedLines } from '../message/forwarded.ts';
import { FAULT, MORE, type HeadReader } from '../message/head/head-reader.ts';
import { httpDate } from '../message/http-date.ts';
import { recordRefusal } from '../exchange/refusal-record.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/**
 * Where a client connection stands.
 * - `idle`: between requests; nothing of a next one has come.
 * - `reading-head`: part of a request head has come.
 * - `exchanging`: a request is being served; bytes belong to its body, or wait for their turn.
 * - `flushing`: answered, but the client does not keep up; the next request waits until the answer has left.
 * - `tunnel`: a relay owns the connection.
 * - `lingering`: the last answer is out; what still comes is discarded until the client has read it.
 * - `closed`: nothing is left.
 */
type State = 'idle' | 'reading-head' | 'exchanging' | 'flushing' | 'tunnel' | 'lingering' | 'closed';

/** What the one timeout of the connection stands for. */
export type Waiting =
  | 'first-byte'
  | 'idle'
  | 'header'
  | 'flush'
  | 'connect'
  | 'request-body'
  | 'response'
  | 'response-head'
  | 'response-body'
  | 'half-close'
  | 'linger';

/** So much of what comes before its turn is read, to hear of a client's end behind it. */
const MOST_AHEAD = 4096;

/** Of a connection that waits for nothing any more. Never started. */
const NO_TIMEOUT = new Timeout(() => {});

/** What an answer of our own must know of the request. */
export interface RequestStyle {
  readonly method: string;
  /** The client prefers a page to JSON. */
  readonly html: boolean;
}

/**
 * The client's side of HTTP: reads requests one after the other from a connection that it owns, and hands each to
 * an {@link Exchange}. Pipelined requests wait, unread, until the one before them is answered.
 */
export class ClientSide implements ConnectionHandler, Expiring, Holder {
  readonly context: HttpContext;
  readonly client: ClientConnection;
  readonly connection: Connection;
  /** The client will not get another answer on this connection after the current one. */
  closing = false;

  /** What servers are told about this client, if anything. */
  readonly forwardedLines: ForwardedLines | undefined;

  /** What its last request was admitted for. */
  admitted: Admitted | undefined = undefined;

  /** Requests that were understood so far. */
  requests = 0;

  readonly #forget: (side: ClientSide) => void;
  #timeout = new Timeout(this);
  #state: State = 'idle';
  #waiting: Waiting = 'idle';
  #reader: HeadReader<RequestHead> | undefined = undefined;
  #exchange: Exchange | undefined = undefined;
  /** Bytes that came before their turn; when there are many, the connection is paused. */
  #ahead: Buffer | undefined = undefined;
  /** The client has finished sending. */
  #ended = false;
  /** It has not had a request yet. */
  #isNew = true;
  /** Its first request is waited for only for the moment that it has while the proxy drains. */
  #hasLastMoment = false;
  /** Part of a head is kept, and counted. */
  #holdsHead = false;
  /** What the first request is answered with, of a client that is not to be served. */
  #refusal: ProxyError | undefined = undefined;

  constructor(context: HttpContext, client: ClientConnection, forget: (side: ClientSide) => void) {
    this.context = context;
    this.client = client;
    this.connection = client.connection;
    const { forwarded } = context.options;
    this.forwardedLines = forwarded === 'off' ? undefined : new ForwardedLines(forwarded, client);
    this.#forget = forget;
  }

  /** Whether the client has finished sending. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  start(): void {
    this.connection.handler = this;
    if (this.closing) this.#startLastMoment();
    else if (isIntercepted(this.client)) this.wait(this.context.waits.firstByte, 'first-byte');
    else this.wait(this.context.waits.idle, 'idle');
    this.connection.resume();
  }

  /** Instead of `start`, for a client that is not to be served: answers its first request, if that comes soon, and closes. */
  refuse(error: ProxyError): void {
    this.#refusal = error;
    this.closing = true;
    this.connection.handler = this;
    this.wait(this.context.waits.linger, 'idle');
    this.connection.resume();
  }

  /** Bytes that wait for their turn. Only to look at. */
  get ahead(): Buffer | undefined {
    return this.#ahead;
  }

  /** Starts the connection's timeout anew, for something else or for the same again. */
  wait(list: TimeoutList, waiting: Waiting): void {
    // Nothing but the answer prolongs what a client gets that may be gone.
    if (this.#waiting === 'half-close' && isBeforeAnswer(waiting)) return;
    this.#waiting = waiting;
    this.#timeout.start(list);
  }

  /**
   * The client has finished sending and waits for its answer. That may be a half-close, or it is gone: both look the same
   * until something is sent to it. So the answer has to begin soon.
   */
  waitHalfClosed(): void {
    this.wait(this.context.waits.halfClose, 'half-close');
  }

  waitForResponseBody(): void {
    const { waits } = this.context;
    this.wait(this.#ended ? waits.responseAfterEnd : waits.responseBody, 'response-body');
  }

  isWaitingFor(waiting: Waiting): boolean {
    return this.#waiting === waiting;
  }

  /** The timeout goes on as it runs, for something else. */
  nowWaitingFor(waiting: Waiting): void {
    this.#waiting = waiting;
  }

  stopWaiting(): void {
    this.#timeout.cancel();
  }

  /** Closes if it is between requests; one that has had none yet gets a moment. */
  drain(): void {
    if (!this.#isBetweenRequests()) return;
    if (!this.#isNew) this.#finish();
    else if (!this.#hasLastMoment) this.#startLastMoment();
  }

  #startLastMoment(): void {
    this.#hasLastMoment = true;
    this.wait(this.context.waits.first, 'idle');
  }

  /** Empty lines that may precede a request are not a request yet. */
  #isBetweenRequests(): boolean {
    return this.#state === 'idle' || (this.#state === 'reading-head' && !this.#reader!.head.begun);
  }

  /** Closes now. */
  destroy(error?: Error): void {
    if (this.#state === 'closed') return;
    this.connection.destroy(error);
    if (this.#state === 'tunnel') return;
    this.connection.handler = ignoreEvents;
    this.#close();
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.#take(bytes, start, end);
  }

  forwarded(bytes: number): void {
    if (this.#state === 'exchanging') this.#exchange?.requestForwarded(bytes);
  }

  drained(): void {
    if (this.#state === 'flushing') this.#next();
    else if (this.#state === 'lingering') this.wait(this.context.waits.linger, 'linger');
    else this.#exchange?.clientDrained();
  }

  ended(): void {
    this.#ended = true;
    this.#actOnEnd();
  }

  /** The client's end stands behind what waits for its turn. */
  #actOnEnd(): void {
    if (this.#ahead === undefined) this.closing = true;
    switch (this.#state) {
      case 'idle':
        this.#silent('client');
        return this.#finish();
      case 'reading-head':
        if (this.#isBetweenRequests()) return this.#finish();
        return this.#refuse(badRequest('The request ended in the middle of its head.'), this.#reader!.head);
      case 'exchanging':
        return this.#exchange?.clientEnded();
      case 'flushing':
      case 'lingering':
      case 'tunnel':
      case 'closed':
    }
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#silent('client');
    this.#close();
  }

  /** It is over with an intercepted client; says so if it never said anything. */
  #silent(closedBy: 'client' | 'proxy'): void {
    if (this.#waiting !== 'first-byte') return;
    this.#waiting = 'idle';
    this.context.onSilent(this.client, closedBy);
  }

  /**
   * The exchange is over and its answer is written; `flushed` says whether the client keeps up with it. The next
   * request's turn, unless the connection closes.
   */
  exchangeDone(keepAlive: boolean, flushed: boolean, isLast = false): void {
    this.#exchange = undefined;
    if (this.#state !== 'exchanging') return;
    if (!keepAlive) this.closing = true;
    if (isLast) return this.#finish(isLast);
    if (flushed || this.closing) return this.#next();
    this.#state = 'flushing';
    this.wait(this.context.waits.responseBody, 'flush');
  }

  #next(): void {
    if (this.closing) return this.#finish();
    this.#state = 'idle';
    this.wait(this.context.waits.idle, 'idle');
    this.#takeAhead();
  }

  /** Bytes that were kept because their turn had not come; the caller takes them over. */
  takeAhead(): Buffer | undefined {
    const ahead = this.#ahead;
    if (ahead === undefined) return undefined;
    this.#ahead = undefined;
    this.context.waitingBytes.dropAhead(this);
    return ahead;
  }

  /** The exchange can take the request body now. */
  bodyWanted(): void {
    this.#takeAhead();
  }

  /** A relay owns the connection from now on. */
  becomeTunnel(): void {
    this.stopWaiting();
    // Thousands of tunnels may be idle: what only requests need is let go of.
    this.#timeout = NO_TIMEOUT;
    this.admitted = undefined;
    boundServersOf(this.client)?.close();
    this.#exchange = undefined;
    this.#state = 'tunnel';
  }

  /** The relay's connections are closed. */
  tunnelClosed(): void {
    this.#close();
  }

  /**
   * Answers with an error; `setting` is the full path of the setting that would change it. Then closes, or takes the next
   * request if `keepAlive` says that this one is behind us.
   */
  fail(error: ProxyError, about: RequestStyle, setting = error.setting, keepAlive = false): void {
    const bytes = errorResponse(error, {
      mode: this.context.service.mode,
      pseudonym: this.context.options.via,
      method: about.method,
      html: about.html,
      setting: setting === undefined ? undefined : this.#settingPath(setting),
      date: httpDate(),
      keepAlive,
    });
    const flushed = this.connection.write(bytes);
    if (keepAlive) return this.exchangeDone(true, flushed);
    this.#exchange = undefined;
    this.#finish();
  }

  #settingPath(setting: string): string {
    return setting.startsWith('http.') ? `services.${this.context.service.name}.${setting}` : setting;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case 'idle':
          // The timeout goes on: what came may be an empty line.
          if (this.#waiting === 'first-byte') this.#waiting = 'idle';
          this.#reader = this.context.requestReaders.take(this.context.requestLimits);
          this.#state = 'reading-head';
          break;
        case 'reading-head':
          at = this.#readHead(bytes, at, end);
          break;
        case 'exchanging': {
          const exchange = this.#exchange!;
          if (!exchange.wantsBody) return this.#keepAhead(bytes, at, end);
          at = exchange.requestBody(bytes, at, end);
          break;
        }
        case 'flushing':
          return this.#keepAhead(bytes, at, end);
        case 'lingering':
        case 'tunnel':
        case 'closed':
          return;
      }
    }
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    const reader = this.#reader!;
    const { head } = reader;
    try {
      const at = reader.read(bytes, start, end);
      if (at === FAULT) throw foreignProtocol(head) ?? requestFault(head.fault);
      if (at === MORE) {
        const isFirst = head.begun && this.#waiting !== 'header' && this.#refusal === undefined;
        if (isFirst) this.wait(this.context.waits.header, 'header');
        this.#holdsHead = true;
        this.context.waitingBytes.holdHead(this, reader.capacity);
        return end;
      }
      if (this.#holdsHead) this.#dropHead();
      if (this.#refusal !== undefined) throw this.#refusal;
      head.understand(this.context.rules);
      return this.#serve(reader, bytes, at, end);
    } catch (error) {
      this.#refuse(toProxyError(error), head);
      return end;
    }
  }

  #dropHead(): void {
    this.#holdsHead = false;
    this.context.waitingBytes.dropHead(this);
  }

  /** @internal Too many bytes wait, and these are to go. */
  giveUp(error: ProxyError): void {
    if (this.#state === 'reading-head') this.#refuse(error, this.#reader!.head);
    else if (this.#ahead !== undefined) this.destroy(error);
  }

  #serve(reader: HeadReader<RequestHead>, bytes: Buffer, at: number, end: number): number {
    this.#reader = undefined;
    this.#isNew = false;
    this.#state = 'exchanging';
    this.requests += 1;
    const exchange = new Exchange(this, reader);
    this.#exchange = exchange;
    return exchange.begin(bytes, at, end);
  }

  /** A head that is not understood: there is no session, but the log hears of it. */
  #refuse(error: ProxyError, head: RequestHead): void {
    if (error.code === 'proxy_internal_error') {
      this.context.logger.error({ err: error }, 'defect while reading a request');
    }
    recordRefusal(this, head, error);
    this.fail(error, { method: head.method, html: head.prefersHtml });
  }

  #keepAhead(bytes: Buffer, start: number, end: number): void {
    const rest = bytes.subarray(start, end);
    this.#ahead = this.#ahead === undefined ? Buffer.from(rest) : Buffer.concat([this.#ahead, rest]);
    if (this.#ahead.length > MOST_AHEAD) this.connection.pause();
    this.context.waitingBytes.holdAhead(this, this.#ahead.length);
  }

  #takeAhead(): void {
    const ahead = this.takeAhead();
    if (ahead !== undefined) {
      this.#take(ahead, 0, ahead.length);
      if (this.#ended) return this.#actOnEnd();
    }
    if (this.#state === 'tunnel' || this.#ahead !== undefined || this.#exchange?.serverFull === true) return;
    this.connection.resume();
  }

  /** Sends what is queued, then closes; reads on a little so that the answer is not lost to a reset. */
  #finish(isLast = false): void {
    this.#giveReaderBack();
    this.takeAhead();
    this.#state = 'lingering';
    this.wait(this.context.waits.linger, 'linger');
    this.connection.end(isLast);
    this.connection.resume();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timeout.cancel();
    this.#giveReaderBack();
    this.takeAhead();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.clientClosed();
    boundServersOf(this.client)?.close();
    this.#forget(this);
  }

  #giveReaderBack(): void {
    if (this.#holdsHead) this.#dropHead();
    if (this.#reader !== undefined) this.context.requestReaders.give(this.#reader);
    this.#reader = undefined;
  }

  /**
   * Whether it is the client alone that keeps an answer from going on, and may: nothing more is read from the server meanwhile,
   * so it costs what is on the way, and TCP keepalive finds a client that is gone.
   */
  #readerMayPause(): boolean {
    if (this.#waiting !== 'response-body' && this.#waiting !== 'flush') return false;
    return !this.context.bodyTimeouts.bindsReader && !this.#ended && this.connection.queued > 0;
  }

  /** @internal */
  timeoutExpired(): void {
    const { headerTimeout } = this.context.options;
    if (this.#readerMayPause()) return this.wait(this.context.waits.responseBody, this.#waiting);
    switch (this.#waiting) {
      case 'first-byte':
        this.#silent('proxy');
        return this.destroy();
      case 'idle':
      case 'half-close':
        return this.destroy();
      case 'flush':
        return this.destroy(new ProxyError('http_request_error', 'The client stopped reading.', { status: 408 }));
      case 'linger':
        // What is still queued gets the time that a body gets, once.
        if (this.connection.queued === 0) return this.destroy();
        return this.wait(this.context.waits.responseBody, 'flush');
      case 'header':
        return this.#refuse(
          badRequest(`The request head did not come within ${headerTimeout} ms.`, {
            status: 408,
            setting: 'http.headerTimeout',
          }),
          this.#reader!.head,
        );
      default:
        this.#exchange?.expired(this.#waiting);
    }
  }
}

/** Whether what is waited for comes before the answer. */
function isBeforeAnswer(waiting: Waiting): boolean {
  return waiting === 'connect' || waiting === 'request-body' || waiting === 'response';
}
