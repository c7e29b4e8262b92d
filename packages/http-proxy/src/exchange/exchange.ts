import {
  DefectError,
  endedByOperator,
  exchangeChannel,
  iterationTime,
  ProxyError,
  type LiveSession,
  type MaybePromise,
  releaseServer,
  Session,
  sessionWriter,
  toProxyError,
  type Route,
  type ServerConnection,
} from '@inband/core';
import type { ExchangeBytes, LimitedExchange } from '../bytes/exchange-bytes.ts';
import type { OwnAnswer } from '../answers/own-answer.ts';
import { type BodyCall, ExchangeBodies } from './bodies/exchange-bodies.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { switchesAsAsked } from '../message/head/upgrade.ts';
import { Literal } from '../message/words.ts';
import { repairNames } from '../message/repairs.ts';
import { isShort, mayKeepBody } from '../server/retry.ts';
import { readerMayPause } from '../service/body-timeouts.ts';
import type { HttpContext } from '../service/context.ts';
import type { ChainersWait, ExchangeWait } from '../service/timeouts.ts';
import { mayGoOnBehind, styleOf, timeoutError } from './exchange-errors.ts';
import { liveRequest, recordEnd, type KnownExchange } from './exchange-record.ts';
import type { ExchangePlan } from './plan.ts';
import { publishClientEnded, publishConnected, publishHead, publishSent, publishUnderstood } from './publish.ts';
import type { ClientEvents, ClientSide } from '../sides/client-side.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import { waitForResponse, waitIsOver, type WaitingCall } from './response-wait.ts';
import { runSteps } from './run-steps.ts';
import { givesKept, isKeptBack, isServedBeside, retryKept, retryLogin, retryLost, type Tries } from './tries.ts';
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

/**
 * One request and its answer, between a client and a server that it knows only by {@link ClientSide} and {@link ServerSide}. It
 * runs the steps of its service, bounds every wait, and sees that both sides are given back once.
 */
export class Exchange implements WaitingCall, BodyCall, KnownExchange, ClientEvents, ServerEvents, LimitedExchange {
  readonly client: ClientSide;
  readonly session: Session;
  readonly request: RequestHead;
  readonly plan: ExchangePlan;
  readonly url: string | undefined;
  route: Route | undefined = undefined;
  server: ServerSide | undefined = undefined;
  tries: Tries | undefined = undefined;
  status = 0;
  started: number;
  wait: number | undefined = undefined;
  reused = false;
  bytes: ExchangeBytes | undefined = undefined;

  #state: State = 'asking';
  /** The chainer's connection, until the request is sent on it. */
  #acquired: ServerConnection | undefined = undefined;
  /** The request head is valid. */
  #holdsHead = true;
  #keepAlive: boolean;
  /** Where a step looks at bodies. */
  #bodies: ExchangeBodies | undefined = undefined;
  /** What the steps say of the final head: nothing yet, one of them waits, or all have seen it. */
  #shown: 'not-yet' | 'waits' | 'passed' = 'not-yet';
  /**
   * The client said that it sends nothing after this request (RFC 9112 section 9.6). False for a request with a body, because some
   * clients send an empty line behind it.
   */
  readonly #isLast: boolean;

  constructor(client: ClientSide, plan: ExchangePlan, request: RequestHead) {
    const { service, sessionEnds } = plan.context;
    const logged = sessionEnds.listener !== undefined;
    this.client = client;
    this.request = request;
    this.session = new Session(client.client, service);
    sessionWriter.setMethod(this.session, request.method);
    this.plan = plan;
    this.#keepAlive = !request.close;
    this.#isLast = request.isLast && !request.hasBody;
    this.url = logged ? request.url : undefined;
    this.started = logged ? iterationTime() : 0;
    client.timer.begin();
    if (exchangeChannel.hasSubscribers) publishUnderstood(this);
  }

  get context(): HttpContext {
    return this.plan.context;
  }

  /** Serves the request. */
  start(): void {
    try {
      runSteps(this, 0);
    } catch (error) {
      this.fail(toProxyError(error));
    }
  }

  get state(): State {
    return this.#state;
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  // ---- its steps

  get isAsking(): boolean {
    return this.#state === 'asking';
  }

  get isOver(): boolean {
    return this.#state === 'closed';
  }

  stepWaits(): void {
    this.client.retainHead();
    this.client.timer.start('connect');
  }

  wentOn(): void {
    if (this.#state === 'sending') this.client.takeAhead();
  }

  answer(answer: OwnAnswer, refusal?: ProxyError): void {
    // Of a body that was not read nobody knows where it ends, and what comes behind a CONNECT may be meant for the tunnel.
    const mayFollow = this.client.requestComplete && this.session.method !== 'CONNECT';
    const close = !this.#keepAlive || !mayFollow || this.client.closing;
    this.status = answer.status;
    const { fieldChanges } = this.context;
    this.client.answerOurselves(fieldChanges === undefined ? answer : fieldChanges.changeOwn(this, answer), close);
    this.#end(refusal, false);
    this.#destroyServer();
    this.client.finish(!close, false);
  }

  takeRoute(route: Route): void {
    this.route = route;
    if (this.started === 0 && route.chainer.sessionEnded !== undefined) this.started = iterationTime();
    sessionWriter.setRoute(this.session, route);
  }

  connected(server: ServerConnection): void {
    if (typeof server?.connection?.write !== 'function') {
      const kind = this.session.route?.chainer.kind;
      throw new ProxyError('proxy_internal_error', `The chainer "${kind}" did not give a server connection.`);
    }
    // It is over, or an answer that was kept back is given.
    if (!this.isAsking) return server.destroy();
    this.#acquired = server;
  }

  send(): void {
    const acquired = this.#acquired;
    if (acquired === undefined) throw new Error('A request is sent before it has a connection.');
    this.reused = acquired.reused;
    sessionWriter.setConnected(this.session, true);
    if (acquired.tls !== undefined) sessionWriter.setServerTls(this.session, acquired.tls);
    if (exchangeChannel.hasSubscribers) publishConnected(this, acquired);
    const { request, client } = this;
    if (request.method === 'CONNECT' && acquired.requestForm?.passesLogin !== true) {
      this.status = 200;
      client.acceptTunnel();
      return this.#becomeTunnel(acquired, undefined, 0);
    }
    const server = this.plan.makeServerSide(this, this.session, acquired);
    this.#acquired = undefined;
    this.server = server;
    this.#enter('sending');
    const written = server.send(request, client.forwardedLines(request.askedAuthority), this.#traceLines());
    const sink = this.#bodies?.takesRequest === true ? written : this.limitRequest(written);
    const mayFail = server.reused || this.route?.chainer.serverFailed !== undefined;
    const keep = server.mayRefuseLogin ? isShort(request) : mayFail && mayKeepBody(request);
    const moved = this.#bodies === undefined ? client.giveBody(sink, keep) : this.#bodies.giveRequest(sink, keep);
    client.retainHead();
    client.timer.expectBody();
    this.requestMoved(moved);
    // Before 100 a client need not send anything.
    if (!request.expectContinue) this.expectRequest();
    server.start();
  }

  #traceLines(): Literal | undefined {
    const lines = this.context.tracer?.linesFor(this.session);
    return lines === undefined ? undefined : new Literal(lines);
  }

  // ---- ClientEvents

  requestMoved(bytes: number): void {
    const { timer, requestComplete } = this.client;
    if (!requestComplete) return timer.bodyMoved(bytes);
    // A step has read it, and it is not sent yet.
    if (this.#bodies !== undefined && this.#state === 'asking') return;
    if (exchangeChannel.hasSubscribers) publishSent(this);
    if (this.#state === 'sending' && this.#shown !== 'waits') waitForResponse(this);
  }

  requestFailed(error: ProxyError): void {
    this.fail(error);
  }

  clientDrained(): void {
    if (this.#state !== 'answering') return;
    this.#waitForResponseBody();
    if (this.#bodies?.clientDrained() === true || this.bytes?.holdsAnswer === true) return;
    this.server?.resume();
  }

  limitRequest(sink: BodySink): BodySink {
    return this.bytes === undefined ? sink : this.bytes.limitRequest(sink, this);
  }

  expectRequest(): void {
    this.bytes?.expectRequest(this);
  }

  // ---- LimitedExchange

  holdRequest(): void {
    if (!this.client.requestComplete) this.client.pauseBody();
  }

  requestReleased(): void {
    this.#bodies?.serverDrained();
    if (this.client.requestComplete) return;
    this.client.timer.start('request-body');
    this.client.resumeBody();
  }

  holdAnswer(): void {
    if (this.#state === 'answering') this.server?.pause();
  }

  answerReleased(): void {
    if (this.#state !== 'answering') return;
    this.#waitForResponseBody();
    this.#bodies?.clientDrained();
    this.server?.resume();
  }

  /** An error if it is in the middle of the request. */
  clientEnded(): void {
    if (this.#state === 'closed') return;
    // While the steps run, the rest of the body may have come and wait for its turn.
    const mayHaveCome = this.#state === 'asking' && this.client.hasAhead;
    if (!this.client.requestComplete && !mayHaveCome) {
      return this.fail(badRequest('The request ended in the middle of its body.'));
    }
    if (this.#state === 'answering') this.#waitForResponseBody();
    else this.client.timer.start('half-close');
    if (exchangeChannel.hasSubscribers) publishClientEnded(this, this.#state, this.client.timer.waitsFor);
  }

  clientClosed(): void {
    if (this.#state === 'closed' || this.#state === 'tunnel') return;
    this.#end(undefined, true);
    this.#destroyServer();
  }

  timeoutExpired(): void {
    const { client } = this;
    const { waitsFor } = client.timer;
    if (waitsFor === undefined) return;
    if (waitsFor === 'try' || waitsFor === 'hedge') return waitIsOver(this, waitsFor);
    if (waitsFor === 'half-close') {
      this.clientClosed();
      return client.cut();
    }
    if (waitsFor === 'response-body' && readerMayPause(this.context.bodyTimeouts, client))
      return client.timer.start(waitsFor);
    if (this.#isHeldOnly(waitsFor)) return client.timer.start(waitsFor);
    this.#timedOut(waitsFor);
  }

  /**
   * Whether nothing but a limit keeps the request or a body from moving, which lets it go on soon. Not where a side has not taken what is queued for it: that
   * may be just what the limit of queued bytes waits for.
   */
  #isHeldOnly(waitsFor: ExchangeWait): boolean {
    if (this.bytes?.holds(waitsFor) !== true) return false;
    if (waitsFor === 'connect') return true;
    const unsent = waitsFor === 'request-body' ? this.server?.unsent : this.client.unsent;
    return unsent === undefined || unsent === 0;
  }

  #timedOut(waitsFor: Exclude<ExchangeWait, ChainersWait>): void {
    // A second server has had this time, too.
    if (waitsFor === 'response') this.tries?.beside?.drop();
    const unsent = { client: this.client.unsent, server: this.server?.unsent ?? 0 };
    this.fail(timeoutError(waitsFor, this, unsent));
  }

  // ---- ServerEvents

  serverAnswers(): void {
    if (this.started > 0) this.wait = iterationTime() - this.started;
  }

  headStarted(): void {
    this.client.timer.start('response-head');
  }

  interimHead(head: ResponseHead): void {
    if (exchangeChannel.hasSubscribers) publishHead(this, 'interim', head.status);
    this.client.interim(head);
    if (head.status === 100) this.expectRequest();
    this.client.timer.start(this.client.requestComplete ? 'response' : 'request-body');
  }

  finalHead(head: ResponseHead): BodySink | undefined {
    if (this.#shown === 'passed') return this.#answer(head);
    if (this.#shown === 'waits') return this.#bodies?.collecting;
    if (head.status >= 500 && isKeptBack(this, head.status)) return undefined;
    this.tries?.drop();
    if (exchangeChannel.hasSubscribers) publishHead(this, 'answered', head.status);
    const waiting = this.#showAnswer(head, 0);
    if (waiting !== undefined) return this.#waitForSteps(head, waiting);
    return this.isOver ? undefined : this.#answer(head);
  }

  #answer(head: ResponseHead): BodySink {
    const { client } = this;
    // A request that is still coming in cannot be followed by another, so the connection closes after an early answer.
    if (!client.requestComplete || client.closing) this.#keepAlive = false;
    // What has come behind a CONNECT was meant for the tunnel.
    if (this.session.method === 'CONNECT' && client.hasAhead) this.#keepAlive = false;
    if (this.server?.isSpent === true) this.#keepAlive = false;
    this.status = head.status;
    this.#enter('answering');
    this.#bodies?.frameAnswer(head);
    const written = client.answer(head, !this.#keepAlive);
    const sink = this.bytes === undefined ? written : this.bytes.limitAnswer(written, this);
    return this.#bodies === undefined ? sink : this.#bodies.giveAnswer(sink, head);
  }

  /** Shows the answer to the steps from the one at `from` on. */
  #showAnswer(head: ResponseHead, from: number): MaybePromise<void> {
    const { responses } = this.plan;
    for (let at = from; at < responses.length && !this.isOver; at += 1) {
      const waiting = responses[at]?.(this, head);
      if (waiting !== undefined) return waiting.then(() => this.#showAnswer(head, at + 1));
    }
    return undefined;
  }

  /** Has the answer kept back, or collected, until the steps that look at it have settled. */
  #waitForSteps(head: ResponseHead, steps: Promise<void>): BodySink | undefined {
    this.#shown = 'waits';
    this.client.timer.start('response');
    steps
      .then(() => {
        if (this.#state !== 'sending') return;
        this.#shown = 'passed';
        if (this.#bodies?.isCollected === true) this.#answerCollected(head, this.#bodies);
        else this.server?.giveAnswer();
      })
      .catch((error: unknown) => this.fail(toProxyError(error)));
    return this.#bodies?.collecting;
  }

  /** The server has ended its answer, unless what is made of it is still being written. */
  #answerCollected(head: ResponseHead, bodies: ExchangeBodies): void {
    this.#answer(head);
    if (!bodies.isChanging) this.#endAnswer(bodies.cleanEnd === true);
  }

  get keepsAnswerHead(): boolean {
    return this.#bodies?.collecting !== undefined;
  }

  get answerIsKept(): boolean {
    return this.#shown === 'waits';
  }

  get bodies(): ExchangeBodies {
    return (this.#bodies ??= new ExchangeBodies(this));
  }

  changedAnswerMoved(): void {
    this.responseMoved();
  }

  changedAnswerEnded(): void {
    if (this.#state === 'answering') this.#endAnswer(this.#bodies?.cleanEnd === true);
  }

  answerKept(status: number): void {
    if (this.#shown !== 'waits' && this.server !== undefined) retryKept(this, this.server, status);
  }

  responseMoved(): void {
    this.#waitForResponseBody();
    if (this.#state === 'answering') this.#releaseHead();
  }

  responseEnded(isClean: boolean): void {
    if (this.#bodies?.holdsEnd(isClean) !== true) this.#endAnswer(isClean);
  }

  /** The client has all of the answer. `isClean`: the server's has come whole, and nothing behind it. */
  #endAnswer(isClean: boolean): void {
    const { client } = this;
    const server = this.server;
    const whole = client.requestComplete;
    if (server?.isSpent === true) this.#keepAlive = false;
    const isSent = this.#bodies === undefined || this.#bodies.isSent;
    this.#end(undefined, false);
    server?.release(isClean && whole && isSent);
    client.finish(this.#keepAlive && whole, this.#isLast && whole);
  }

  protocolSwitched(head: ResponseHead, early: Buffer): void {
    const server = this.server;
    if (server === undefined || !this.client.requestComplete || !switchesAsAsked(this.request, head)) {
      throw new ProxyError('http_upgrade_failed', 'The server switched to a protocol that was not asked for.');
    }
    this.status = 101;
    if (exchangeChannel.hasSubscribers) publishHead(this, 'interim', 101);
    if (this.#showAnswer(head, 0) !== undefined) throw new Error('A step waits with a switch of protocols.');
    this.client.switchProtocols(head);
    this.#becomeTunnel(server.handOver(), early, server.repairs);
  }

  tunnelOpened(early: Buffer): void {
    const { server } = this;
    if (server === undefined) return;
    this.status = 200;
    this.client.acceptTunnel();
    this.#becomeTunnel(server.handOver(), early, server.repairs);
  }

  serverDrained(): void {
    if (this.#bodies?.serverDrained() === true || this.client.requestComplete) return;
    this.client.timer.start('request-body');
    if (this.bytes?.holdsRequest !== true) this.client.resumeBody();
  }

  serverLost(error: ProxyError): void {
    const { server } = this;
    if (server?.isOnlyOne === true) this.#hangUp(server, error);
    else if (server !== undefined) retryLost(this, server, error);
  }

  loginRefused(error: ProxyError, hasAnother: boolean): void {
    const { server } = this;
    if (server === undefined || !hasAnother) this.fail(error);
    else retryLogin(this, server, error);
  }

  serverFailed(error: ProxyError): void {
    this.fail(error);
  }

  #waitForResponseBody(): void {
    this.client.timer.responseMoved(this.client.hasEnded);
  }

  // ---- trying again

  get bodyIsKept(): boolean {
    return this.#bodies === undefined ? this.client.bodyIsKept : this.#bodies.requestIsKept;
  }

  enterAsking(): void {
    this.#enter('asking');
  }

  enterKept(kept: ServerSide, error: ProxyError): void {
    this.#destroyServer(error);
    this.client.holdBody();
    this.server = kept;
    this.#enter('sending');
  }

  waitAnew(): void {
    waitForResponse(this);
  }

  responseTimedOut(): void {
    this.#timedOut('response');
  }

  // ---- for operators

  /** While it is no tunnel. */
  get live(): LiveSession {
    return liveRequest(this);
  }

  /** A client that has got nothing of an answer gets an error, because it would try again what is cut. */
  end(): void {
    if (this.#state === 'tunnel') return;
    this.tries?.drop();
    this.fail(endedByOperator());
  }

  // ---- tunnels

  /** The relay owns both connections from now on. */
  #becomeTunnel(server: ServerConnection, fromServer: Buffer | undefined, repairs: number): void {
    this.#enter('tunnel');
    this.tries?.drop();
    this.#releaseHead();
    this.bytes?.becomeTunnel();
    startTunnel(this.context, this.client.handOver(), server, fromServer, this.bytes?.session, {
      session: this.session,
      url: this.url,
      status: this.status,
      started: this.started,
      wait: this.wait,
      reused: this.reused,
      repaired: repairNames(repairs),
      retries: this.tries?.causes,
    });
  }

  // ---- failures

  /** For a connection that no other can replace. Closes the client connection, because the client knows best whether to try again. */
  #hangUp(server: ServerSide, error: ProxyError): void {
    this.#end(error, false);
    server.destroy();
    this.client.cut();
  }

  /** Ends the exchange without an answer of the server. Sends an error of ours, or cuts an answer that has started. */
  fail(error: ProxyError): void {
    if (this.#state === 'closed' || isServedBeside(this, error) || givesKept(this, error)) return;
    if (this.#state === 'tunnel') {
      // The relay could not begin, and has destroyed what it owns.
      this.context.logger.error({ err: error }, 'defect while a tunnel was opened');
      return;
    }
    if (error instanceof DefectError) {
      this.context.logger.error({ err: error.cause }, 'defect while serving a request');
    }
    const started = this.client.answerStarted;
    if (!started) this.status = error.status;
    const about = started ? undefined : styleOf(error, this, this.#holdsHead);
    // Of an answer that had started at the server nothing has left yet, but it has failed.
    const mayGoOn = this.#keepAlive && this.#state !== 'answering';
    const keepAlive = mayGoOn && mayGoOnBehind(error, this, this.server !== undefined);
    this.#end(error, false);
    this.#destroyServer(error);
    sessionWriter.abort(this.session);
    if (about === undefined) this.client.cut(error);
    else this.client.fail(error, about, keepAlive);
  }

  // ---- the end

  #destroyServer(error?: ProxyError): void {
    this.server?.destroy(error);
    if (this.#acquired !== undefined) releaseServer(this.#acquired, false, this.context.logger, error);
    this.#acquired = undefined;
  }

  #end(error: ProxyError | undefined, aborted: boolean): void {
    this.#enter('closed');
    this.tries?.drop();
    this.#bodies?.close();
    if (aborted) sessionWriter.abort(this.session);
    this.#releaseHead();
    this.bytes?.close();
    recordEnd(this, error, aborted);
  }

  #releaseHead(): void {
    if (!this.#holdsHead) return;
    this.#holdsHead = false;
    if (this.session.request !== undefined) sessionWriter.setRequest(this.session, undefined);
    this.client.releaseHead();
  }
}
