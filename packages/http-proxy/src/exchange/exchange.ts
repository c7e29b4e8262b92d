import {
  exchangeChannel,
  iterationTime,
  type ProxyError,
  type Route,
  type ServerConnection,
  Session,
  sessionWriter,
  toProxyError,
} from '@inband/core';
import type { ExchangeBytes } from '../bytes/exchange-bytes.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { Literal } from '../message/words.ts';
import { isShort, mayKeepBody } from '../server/retry.ts';
import type { ClientEvents, ClientSide } from '../sides/client-side.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import type { BodyCall } from './bodies/body-call.ts';
import { ExchangeBodies } from './bodies/exchange-bodies.ts';
import { ExchangeAnswer } from './exchange-answer.ts';
import type { State } from './exchange-life.ts';
import { timedOut, timeoutExpired, type TimedCall } from './exchange-timeouts.ts';
import type { ExchangePlan } from './plan.ts';
import { publishClientEnded, publishConnected, publishSent, publishUnderstood } from './publish.ts';
import { waitForResponse } from './response-wait.ts';
import { runSteps } from './run-steps.ts';
import { givesKept, isKeptBack, isServedBeside, retryKept, retryLogin, retryLost, type Tries } from './tries.ts';

/**
 * One request and its answer, between a client and a server that it knows only by {@link ClientSide} and {@link ServerSide}. It
 * runs the steps of its service, sends the request, and has it sent again where that may be. What it owns and how it ends is in
 * `exchange-life.ts`, the way of the answer in `exchange-answer.ts`, what happens when it has waited too long in `exchange-timeouts.ts`.
 *
 * All properties are here, and its superclasses have neither properties nor private methods, because V8 inlines no constructor of a class
 * whose superclass has them, and each request makes an exchange.
 */
export class Exchange extends ExchangeAnswer implements TimedCall, BodyCall, ClientEvents, ServerEvents {
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
  protected acquired: ServerConnection | undefined = undefined;
  protected holdsHead = true;
  protected keepAlive: boolean;
  protected seenBodies: ExchangeBodies | undefined = undefined;
  protected shown: 'not-yet' | 'waits' | 'passed' = 'not-yet';
  protected readonly isLast: boolean;

  /** Only assigns: nothing contains a defect here. What may have one is in `start`. */
  constructor(client: ClientSide, plan: ExchangePlan, request: RequestHead) {
    super();
    const { service, sessionEnds } = plan.context;
    const logged = sessionEnds.listener !== undefined;
    this.client = client;
    this.request = request;
    this.session = new Session(client.client, service);
    sessionWriter.setMethod(this.session, request.method);
    this.plan = plan;
    this.keepAlive = !request.close;
    this.isLast = request.isLast && !request.hasBody;
    this.url = logged ? request.url : undefined;
    this.started = logged ? iterationTime() : 0;
  }

  get state(): State {
    return this.#state;
  }

  protected enter(state: State): void {
    this.#state = state;
  }

  /** Serves the request. */
  start(): void {
    try {
      this.client.timer.begin();
      if (exchangeChannel.hasSubscribers) publishUnderstood(this);
      runSteps(this, 0);
    } catch (error) {
      this.fail(toProxyError(error));
    }
  }

  // ---- its steps

  stepWaits(): void {
    this.client.retainHead();
    this.client.timer.start('connect');
  }

  wentOn(): void {
    if (this.state === 'sending') this.client.takeAhead();
  }

  send(): void {
    const acquired = this.acquired;
    if (acquired === undefined) throw new Error('A request is sent before it has a connection.');
    this.reused = acquired.reused;
    sessionWriter.setConnected(this.session, true);
    if (acquired.tls !== undefined) sessionWriter.setServerTls(this.session, acquired.tls);
    if (exchangeChannel.hasSubscribers) publishConnected(this, acquired);
    const { request, client } = this;
    if (request.method === 'CONNECT' && acquired.requestForm?.passesLogin !== true) {
      this.status = 200;
      client.acceptTunnel();
      return this.becomeTunnel(acquired, undefined, 0);
    }
    const server = this.plan.makeServerSide(this, this.session, acquired);
    this.acquired = undefined;
    this.server = server;
    this.enter('sending');
    const written = server.send(request, client.forwardedLines(request.askedAuthority), traceLines(this));
    const sink = this.seenBodies?.request.isTaken === true ? written : this.limitRequest(written);
    const mayFail = server.reused || this.route?.chainer.serverFailed !== undefined;
    const keep = server.mayRefuseLogin ? isShort(request) : mayFail && mayKeepBody(request);
    const moved =
      this.seenBodies === undefined ? client.giveBody(sink, keep) : this.seenBodies.request.give(sink, keep);
    client.retainHead();
    client.timer.expectBody();
    this.requestMoved(moved);
    // Before 100 a client need not send anything.
    if (!request.expectContinue) this.expectRequest();
    server.start();
  }

  get bodies(): ExchangeBodies {
    return (this.seenBodies ??= new ExchangeBodies(this));
  }

  // ---- ClientEvents

  requestMoved(bytes: number): void {
    const { timer, requestComplete } = this.client;
    if (!requestComplete) return timer.bodyMoved(bytes);
    // A step has read it, and it is not sent yet.
    if (this.seenBodies !== undefined && this.state === 'asking') return;
    if (exchangeChannel.hasSubscribers) publishSent(this);
    if (this.state === 'sending' && !this.answerIsKept) waitForResponse(this);
  }

  requestFailed(error: ProxyError): void {
    this.fail(error);
  }

  /** An error if it is in the middle of the request. */
  clientEnded(): void {
    if (this.state === 'closed') return;
    // While the steps run, the rest of the body may have come and wait for its turn.
    const mayHaveCome = this.state === 'asking' && this.client.hasAhead;
    if (!this.client.requestComplete && !mayHaveCome) {
      return this.fail(badRequest('The request ended in the middle of its body.'));
    }
    if (this.state === 'answering') this.waitForResponseBody();
    else this.client.timer.start('half-close');
    if (exchangeChannel.hasSubscribers) publishClientEnded(this, this.state, this.client.timer.waitsFor);
  }

  clientClosed(): void {
    if (this.state === 'closed' || this.state === 'tunnel') return;
    this.close(undefined, true);
    this.destroyServer();
  }

  timeoutExpired(): void {
    timeoutExpired(this);
  }

  // ---- limits of the request's body

  limitRequest(sink: BodySink): BodySink {
    return this.bytes === undefined ? sink : this.bytes.limitRequest(sink, this);
  }

  expectRequest(): void {
    this.bytes?.expectRequest(this);
  }

  holdRequest(): void {
    if (!this.client.requestComplete) this.client.pauseBody();
  }

  requestReleased(): void {
    this.seenBodies?.request.serverDrained();
    if (this.client.requestComplete) return;
    this.client.timer.start('request-body');
    this.client.resumeBody();
  }

  // ---- ServerEvents

  answerKept(status: number): void {
    if (!this.answerIsKept && this.server !== undefined) retryKept(this, this.server, status);
  }

  serverDrained(): void {
    if (this.seenBodies?.request.serverDrained() === true || this.client.requestComplete) return;
    this.client.timer.start('request-body');
    if (this.bytes?.holdsRequest !== true) this.client.resumeBody();
  }

  serverLost(error: ProxyError): void {
    const { server } = this;
    if (server?.isOnlyOne === true) this.hangUp(server, error);
    else if (server !== undefined) retryLost(this, server, error);
  }

  loginRefused(error: ProxyError, hasAnother: boolean): void {
    const { server } = this;
    if (server === undefined || !hasAnother) this.fail(error);
    else retryLogin(this, server, error);
  }

  serverFailed(error: ProxyError): void {
    if (this.seenBodies?.answer.isDone === true) this.changedAnswerEnded();
    else this.fail(error);
  }

  // ---- trying again

  protected keepsBack(status: number): boolean {
    return isKeptBack(this, status);
  }

  protected goesOnDespite(error: ProxyError): boolean {
    return isServedBeside(this, error) || givesKept(this, error);
  }

  get bodyIsKept(): boolean {
    return this.seenBodies === undefined ? this.client.bodyIsKept : this.seenBodies.request.isKept;
  }

  enterAsking(): void {
    this.enter('asking');
  }

  enterKept(kept: ServerSide, error: ProxyError): void {
    this.destroyServer(error);
    this.client.holdBody();
    this.server = kept;
    this.enter('sending');
  }

  waitAnew(): void {
    waitForResponse(this);
  }

  responseTimedOut(): void {
    timedOut(this, 'response');
  }
}

function traceLines({ context, session }: Exchange): Literal | undefined {
  const lines = context.tracer?.linesFor(session);
  return lines === undefined ? undefined : new Literal(lines);
}
