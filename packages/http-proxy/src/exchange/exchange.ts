import {
  DefectError,
  endedByOperator,
  exchangeChannel,
  iterationTime,
  ProxyError,
  type LiveSession,
  releaseServer,
  requestId,
  Session,
  sessionWriter,
  tellChainer,
  toProxyError,
  type Route,
  type ServerConnection,
} from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { switchesAsAsked } from '../message/head/upgrade.ts';
import { Literal } from '../message/words.ts';
import { repairNames } from '../message/repairs.ts';
import { mayKeepBody, maySendAgain } from '../server/retry.ts';
import type { HttpContext } from '../service/context.ts';
import type { ExchangeWait } from '../service/timeouts.ts';
import { isBeforeAnswer, mayGoOnBehind, settingPath, timeoutError } from './exchange-errors.ts';
import type { ExchangePlan } from './plan.ts';
import {
  publishClientEnded,
  publishConnected,
  publishEnded,
  publishHead,
  publishRefused,
  publishRetried,
  publishSent,
  publishUnderstood,
} from './publish.ts';
import type { ClientEvents, ClientSide } from '../sides/client-side.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import type { Call } from './steps/step.ts';
import { startTunnel } from './tunnel.ts';

/**
 * Where one request stands.
 *
 *     asking ──▶ sending ──▶ answering ──▶ closed
 *       ▲  │        │  │                      ▲
 *       │  │        │  └──▶ tunnel            │
 *       └──┼────────┘         ▲               │
 *          └──────────────────┴── or refused ─┘
 *
 * - `asking`: its steps run, or one of them waits. Again after `sending`, where the request is tried on another connection.
 * - `sending`: the exchange has a server connection and sends the request. Nothing but interim heads has come.
 * - `answering`: the final head was given to the client side, and the body follows. The request may still be coming in.
 * - `tunnel`: a relay carries the bytes of both sides, and `tunnel.ts` handles its end.
 * - `closed`: answered, failed or abandoned.
 */
type State = 'asking' | 'sending' | 'answering' | 'tunnel' | 'closed';

/** A client that sends fewer bytes of its body than this within `bodyTimeout` makes no progress. */
const PROGRESS = 256;

/**
 * One request and its answer, between a client and a server that it knows only by {@link ClientSide} and {@link ServerSide}. It
 * runs the steps of its service, bounds every wait, and sees that both sides are given back once.
 */
export class Exchange implements Call, ClientEvents, ServerEvents, LiveSession {
  readonly client: ClientSide;
  readonly session: Session;
  readonly request: RequestHead;
  route: Route | undefined = undefined;

  readonly #plan: ExchangePlan;
  #state: State = 'asking';
  /** The chainer's connection, until the request is sent on it. */
  #acquired: ServerConnection | undefined = undefined;
  #server: ServerSide | undefined = undefined;
  #waitsFor: ExchangeWait | undefined = undefined;
  /** The request head is valid. */
  #holdsHead = true;
  /** Bytes of the request body since its timeout was last moved. */
  #progress = PROGRESS;
  #keepAlive: boolean;
  /**
   * The client said that it sends nothing after this request (RFC 9112 section 9.6). False for a request with a body, because some
   * clients send an empty line behind it.
   */
  readonly #isLast: boolean;
  #retries = 0;
  #reused = false;
  #status = 0;
  readonly #url: string | undefined;
  /** When the request came, on the clock of `iterationTime`. 0 if nothing listens to sessions, and its chainer does not either. */
  #started: number;
  #wait: number | undefined = undefined;

  constructor(client: ClientSide, plan: ExchangePlan, request: RequestHead) {
    const { service, sessionEnds } = plan.context;
    const logged = sessionEnds.listener !== undefined;
    this.client = client;
    this.request = request;
    this.session = new Session(client.client, service);
    sessionWriter.setMethod(this.session, request.method);
    this.#plan = plan;
    this.#keepAlive = !request.close;
    this.#isLast = request.isLast && !request.hasBody;
    this.#url = logged ? request.url : undefined;
    this.#started = logged ? iterationTime() : 0;
    if (exchangeChannel.hasSubscribers) publishUnderstood(this);
  }

  get context(): HttpContext {
    return this.#plan.context;
  }

  /** Serves the request. */
  start(): void {
    try {
      this.#run(0);
    } catch (error) {
      this.#fail(toProxyError(error));
    }
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  // ---- the steps

  /** Runs the steps from the one at `index` on, to the end or to one that answers or waits. */
  #run(index: number): void {
    const { requests } = this.#plan;
    let at = index;
    try {
      for (; at < requests.length && this.#state === 'asking'; at += 1) {
        const waiting = requests[at]?.(this);
        if (waiting !== undefined) return this.#waitFor(waiting, at + 1);
      }
    } catch (error) {
      this.#refusedBy(at, error);
      throw error;
    }
  }

  /** Runs on from the step at `index` when the one before is ready. */
  #waitFor(step: Promise<void>, index: number): void {
    // An async step may have answered already.
    if (this.#state === 'asking') {
      this.client.retainHead();
      this.#startTimeout('connect');
    }
    step.then(
      () => this.#runFrom(index),
      (error: unknown) => {
        if (this.#state !== 'asking') return;
        this.#refusedBy(index - 1, error);
        this.#fail(toProxyError(error));
      },
    );
  }

  #refusedBy(step: number, error: unknown): void {
    if (exchangeChannel.hasSubscribers) publishRefused(this, this.#plan.names[step] ?? '', error);
  }

  #runFrom(index: number): void {
    if (this.#state !== 'asking') return;
    try {
      this.#run(index);
      if (this.#isSending()) this.client.takeAhead();
    } catch (error) {
      this.#fail(toProxyError(error));
    }
  }

  /** Asked anew because the state changes within calls. */
  #isSending(): boolean {
    return this.#state === 'sending';
  }

  get isOver(): boolean {
    return this.#state === 'closed';
  }

  answer(answer: OwnAnswer): void {
    const close = this.request.close || this.request.hasBody;
    this.#status = answer.status;
    this.client.answerOurselves(answer, close);
    this.#end(undefined, false);
    this.client.finish(!close, false);
  }

  takeRoute(route: Route): void {
    this.route = route;
    if (this.#started === 0 && route.chainer.sessionEnded !== undefined) this.#started = iterationTime();
    sessionWriter.setRoute(this.session, route);
  }

  connected(server: ServerConnection): void {
    if (typeof server?.connection?.write !== 'function') {
      const kind = this.session.route?.chainer.kind;
      throw new ProxyError('proxy_internal_error', `The chainer "${kind}" did not give a server connection.`);
    }
    if (this.isOver) return server.destroy();
    this.#acquired = server;
  }

  send(): void {
    const acquired = this.#acquired;
    if (acquired === undefined) throw new Error('A request is sent before it has a connection.');
    this.#reused = acquired.reused;
    sessionWriter.setConnected(this.session, true);
    if (acquired.tls !== undefined) sessionWriter.setServerTls(this.session, acquired.tls);
    if (exchangeChannel.hasSubscribers) publishConnected(this, acquired);
    const { request, client } = this;
    if (request.method === 'CONNECT') {
      this.#status = 200;
      client.acceptTunnel();
      return this.#becomeTunnel(acquired, undefined, 0);
    }
    const server = this.#plan.makeServerSide(this, this.session, acquired);
    this.#acquired = undefined;
    this.#server = server;
    this.#enter('sending');
    const sink = server.send(request, client.forwardedLines(request.authority), this.#traceLines());
    const keep = mayKeepBody(request) && (server.reused || this.route?.chainer.serverFailed !== undefined);
    const moved = client.giveBody(sink, keep);
    client.retainHead();
    this.#progress = PROGRESS;
    this.requestMoved(moved);
    server.start();
  }

  #traceLines(): Literal | undefined {
    const lines = this.context.tracer?.linesFor(this.session);
    return lines === undefined ? undefined : new Literal(lines);
  }

  // ---- ClientEvents

  requestMoved(bytes: number): void {
    if (this.client.requestComplete) {
      if (exchangeChannel.hasSubscribers) publishSent(this);
      if (this.#state !== 'sending') return;
      // The time for connecting and the time to the first byte of the response are one.
      if (this.#waitsFor === 'connect') this.#waitsFor = 'response';
      else this.#startTimeout('response');
      return;
    }
    this.#progress += bytes;
    if (this.#progress < PROGRESS) return;
    this.#progress = 0;
    this.#startTimeout('request-body');
  }

  requestFailed(error: ProxyError): void {
    this.#fail(error);
  }

  clientDrained(): void {
    if (this.#state !== 'answering') return;
    this.#waitForResponseBody();
    this.#server?.resume();
  }

  /** An error if it is in the middle of the request. */
  clientEnded(): void {
    if (this.#state === 'closed') return;
    // While the steps run, the rest of the body may have come and wait for its turn.
    const mayHaveCome = this.#state === 'asking' && this.client.hasAhead;
    if (!this.client.requestComplete && !mayHaveCome) {
      return this.#fail(badRequest('The request ended in the middle of its body.'));
    }
    if (this.#state === 'answering') this.#waitForResponseBody();
    else this.#startTimeout('half-close');
    if (exchangeChannel.hasSubscribers) publishClientEnded(this, this.#state, this.#waitsFor);
  }

  clientClosed(): void {
    if (this.#state === 'closed' || this.#state === 'tunnel') return;
    this.#end(undefined, true);
    this.#destroyServer();
  }

  timeoutExpired(): void {
    const { client } = this;
    const waitsFor = this.#waitsFor;
    if (waitsFor === undefined) return;
    if (waitsFor === 'half-close') {
      this.clientClosed();
      return client.cut();
    }
    if (waitsFor === 'response-body' && this.#readerMayPause()) return this.#startTimeout('response-body');
    const unsent = { client: client.unsent, server: this.#server?.unsent ?? 0 };
    this.#fail(timeoutError(waitsFor, this.context, unsent));
  }

  // ---- ServerEvents

  serverAnswers(): void {
    if (this.#started > 0) this.#wait = iterationTime() - this.#started;
  }

  headStarted(): void {
    this.#startTimeout('response-head');
  }

  interimHead(head: ResponseHead): void {
    if (exchangeChannel.hasSubscribers) publishHead(this, 'interim', head.status);
    this.client.interim(head);
    this.#startTimeout(this.client.requestComplete ? 'response' : 'request-body');
  }

  finalHead(head: ResponseHead): BodySink {
    if (exchangeChannel.hasSubscribers) publishHead(this, 'answered', head.status);
    const { client } = this;
    const { responses } = this.#plan;
    if (responses.length > 0) for (const step of responses) step(this, head);
    // A request that is still coming in cannot be followed by another, so the connection closes after an early answer.
    if (!client.requestComplete || client.closing) this.#keepAlive = false;
    if (this.#server?.isSpent === true) this.#keepAlive = false;
    this.#status = head.status;
    this.#enter('answering');
    return client.answer(head, !this.#keepAlive);
  }

  responseMoved(): void {
    this.#waitForResponseBody();
    this.#releaseHead();
  }

  responseEnded(isClean: boolean): void {
    const { client } = this;
    const server = this.#server;
    const whole = client.requestComplete;
    if (server?.isSpent === true) this.#keepAlive = false;
    this.#end(undefined, false);
    server?.release(isClean && whole);
    client.finish(this.#keepAlive && whole, this.#isLast && whole);
  }

  protocolSwitched(head: ResponseHead, early: Buffer): void {
    const server = this.#server;
    if (server === undefined || !this.client.requestComplete || !switchesAsAsked(this.request, head)) {
      throw new ProxyError('http_upgrade_failed', 'The server switched to a protocol that was not asked for.');
    }
    this.#status = 101;
    if (exchangeChannel.hasSubscribers) publishHead(this, 'interim', 101);
    this.client.switchProtocols(head);
    this.#becomeTunnel(server.handOver(), early, server.repairs);
  }

  serverDrained(): void {
    if (this.client.requestComplete) return;
    this.#startTimeout('request-body');
    this.client.resumeBody();
  }

  /**
   * If the connection was reused, the server may have closed it at the very moment it was used, and the chainer is asked for another
   * connection. Otherwise the server has failed, and the chainer is asked whether it knows another server.
   */
  serverLost(error: ProxyError): void {
    const server = this.#server;
    if (server === undefined) return;
    if (server.isOnlyOne) return this.#hangUp(server, error);
    try {
      const another = server.reused || this.route?.chainer.serverFailed?.(this.session, error) === true;
      if (another && maySendAgain(this.request, this.#retries, this.client.bodyIsKept)) this.#tryAgain(server, error);
      else this.#fail(error);
    } catch (defect) {
      this.#fail(toProxyError(defect));
    }
  }

  serverFailed(error: ProxyError): void {
    this.#fail(error);
  }

  // ---- time

  /** Starts the timeout of what the exchange waits for now. The exchange has one timeout at a time. */
  #startTimeout(waitsFor: ExchangeWait): void {
    // Only the answer ends this wait, because the client may be gone.
    if (this.#waitsFor === 'half-close' && isBeforeAnswer(waitsFor)) return;
    this.#waitsFor = waitsFor;
    this.client.timeout.start(this.#plan.context.timeouts[waitsFor]);
  }

  #waitForResponseBody(): void {
    this.#startTimeout(this.client.hasEnded ? 'response-body-after-end' : 'response-body');
  }

  /**
   * Whether only the client keeps the answer from going on, and the options allow that. The cost is bounded, because nothing more is
   * read from the server meanwhile, and TCP keepalive detects a client that is gone.
   */
  #readerMayPause(): boolean {
    return !this.context.bodyTimeouts.bindsReader && !this.client.hasEnded && this.client.unsent > 0;
  }

  // ---- LiveSession, while it is no tunnel

  get kind(): 'request' {
    return 'request';
  }

  get state(): string {
    return this.#state;
  }

  get url(): string | undefined {
    return this.#url;
  }

  get started(): number {
    return this.#started;
  }

  get bytesIn(): number {
    return this.client.requestContent;
  }

  get bytesOut(): number {
    return this.#server?.content ?? 0;
  }

  /** A client that has got nothing of an answer gets an error, because it would try again what is cut. */
  end(): void {
    if (this.#state !== 'tunnel') this.#fail(endedByOperator());
  }

  // ---- tunnels

  /** The relay owns both connections from now on. */
  #becomeTunnel(server: ServerConnection, fromServer: Buffer | undefined, repairs: number): void {
    this.#enter('tunnel');
    this.#releaseHead();
    startTunnel(this.context, this.client.handOver(), server, fromServer, {
      session: this.session,
      url: this.#url,
      status: this.#status,
      started: this.#started,
      wait: this.#wait,
      reused: this.#reused,
      repaired: repairNames(repairs),
    });
  }

  // ---- failures

  /** For a connection that no other can replace. Closes the client connection, because the client knows best whether to try again. */
  #hangUp(server: ServerSide, error: ProxyError): void {
    this.#end(error, false);
    server.destroy();
    this.client.cut();
  }

  /** Sends the request again on a fresh connection, because another idle one may be closed, too. Throws what a step throws. */
  #tryAgain(server: ServerSide, error: ProxyError): void {
    this.#retries += 1;
    if (exchangeChannel.hasSubscribers) publishRetried(this, this.#retries, error);
    server.abandon();
    this.#server = undefined;
    this.client.holdBody();
    this.session.requireFreshServer();
    sessionWriter.setConnected(this.session, false);
    this.#enter('asking');
    this.#run(this.#plan.connectAt);
    if (this.#isSending()) this.client.takeAhead();
  }

  /** Ends the exchange without an answer of the server. Sends an error of ours, or cuts an answer that has started. */
  #fail(error: ProxyError): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'tunnel') {
      // The relay could not begin, and has destroyed what it owns.
      this.context.logger.error({ err: error }, 'defect while a tunnel was opened');
      return;
    }
    if (error instanceof DefectError) {
      this.context.logger.error({ err: error.cause }, 'defect while serving a request');
    }
    const started = this.client.answerStarted;
    if (!started) this.#status = error.status;
    const html = this.#holdsHead && this.request.prefersHtml;
    const url = html ? this.request.url : undefined;
    // Of an answer that had started at the server nothing has left yet, but it has failed.
    const mayGoOn = this.#keepAlive && this.#state !== 'answering';
    const keepAlive = mayGoOn && mayGoOnBehind(error, this, this.#server !== undefined);
    this.#end(error, false);
    this.#destroyServer(error);
    sessionWriter.abort(this.session);
    const id = requestId(this.session);
    const about = { method: this.session.method ?? '', url, html, setting: settingPath(error, this.session), id };
    if (started) this.client.cut(error);
    else this.client.fail(error, about, keepAlive);
  }

  // ---- the end

  #destroyServer(error?: ProxyError): void {
    this.#server?.destroy(error);
    if (this.#acquired !== undefined) releaseServer(this.#acquired, false, this.context.logger, error);
  }

  #end(error: ProxyError | undefined, aborted: boolean): void {
    this.#enter('closed');
    if (aborted) sessionWriter.abort(this.session);
    this.#releaseHead();
    this.#record(error, aborted);
  }

  #releaseHead(): void {
    if (!this.#holdsHead) return;
    this.#holdsHead = false;
    this.client.releaseHead();
  }

  #record(error: ProxyError | undefined, aborted: boolean): void {
    const { listener } = this.#plan.context.sessionEnds;
    const server = this.#server;
    tellChainer(this.session, this.#status, this.#wait, error);
    if (exchangeChannel.hasSubscribers) {
      publishEnded(this, { status: this.#status, bytesOut: server?.content ?? 0, aborted, error });
    }
    if (listener === undefined) return;
    listener({
      session: this.session,
      kind: 'request',
      url: this.#url,
      status: this.#status,
      bytesIn: this.client.requestContent,
      bytesOut: server?.content ?? 0,
      duration: iterationTime() - this.#started,
      wait: this.#wait,
      reused: this.#reused,
      error,
      aborted,
      repaired: repairNames(server?.repairs ?? 0),
    });
  }
}
