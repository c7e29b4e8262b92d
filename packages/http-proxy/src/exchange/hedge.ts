import {
  besideSession,
  sessionWriter,
  tellChainer,
  toProxyError,
  type Hedging,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import { badResponse } from '../message/head/faults.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { Literal } from '../message/words.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import type { RetriedCall } from './tries.ts';

/** An exchange whose request may be sent to a second server. */
export interface HedgedCall extends RetriedCall, ServerEvents {
  /** The server connection had served another session before. */
  reused: boolean;
  /** The timeout of its answer begins anew, for another server. */
  waitAnew(): void;
}

/**
 * Where the second server stands.
 *
 *     connecting ──▶ asked ──▶ won
 *       │  └───────────┴──▶ over      (the first server was faster, or this one has failed)
 *       └──▶ awaited ───────▲
 *
 * - `awaited`: the first server has failed, so that the exchange waits for the connection of this one, and sends its request on it.
 * - `won`: its final head came first, or the first server has failed. From then on it is the server of the exchange, which hears its events by this object.
 * - `over`: nothing of it is left. The exchange may have taken its connection.
 */
type State = 'connecting' | 'awaited' | 'asked' | 'won' | 'over';

/** A second server that has the request of an exchange, and its session. Made when a request is hedged. */
export class Hedge implements ServerEvents {
  readonly #call: HedgedCall;
  readonly #hedging: Hedging;
  readonly #session: Session;
  #state: State = 'connecting';
  #server: ServerSide | undefined = undefined;
  /** A byte came from it. */
  #hasAnswered = false;
  /** While it is awaited: what becomes of the exchange if it is not reached. */
  #otherwise: ((error: ProxyError) => void) | undefined = undefined;

  private constructor(call: HedgedCall, hedging: Hedging, session: Session) {
    this.#call = call;
    this.#hedging = hedging;
    this.#session = session;
  }

  /** Begins to ask a second server. Undefined if there is none, or none may be asked. */
  static begin(call: HedgedCall): Hedge | undefined {
    const { route, session } = call;
    const hedging = route?.chainer.hedging;
    if (hedging === undefined) return undefined;
    const beside = besideSession(session);
    if (!hedging.begin(session, beside)) return undefined;
    const hedge = new Hedge(call, hedging, beside);
    void hedge.#ask();
    return hedge;
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  /** The exchange needs it no more. Does nothing to one that has won, which is the server of the exchange. */
  drop(error?: ProxyError): void {
    if (this.#state === 'won' || this.#state === 'over') return;
    this.#enter('over');
    this.#server?.destroy(error);
    this.#endSession(this.#session, error);
  }

  get isAsked(): boolean {
    return this.#state === 'asked';
  }

  get isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  await(otherwise: (error: ProxyError) => void): void {
    this.#enter('awaited');
    this.#otherwise = otherwise;
  }

  takeOver(): void {
    if (this.#state !== 'asked' || this.#server === undefined) return;
    this.#win(this.#server);
    if (this.#hasAnswered) this.#call.serverAnswers();
    this.#call.waitAnew();
  }

  async #ask(): Promise<void> {
    const { route, session } = this.#call;
    try {
      const { host = '', port = 0 } = session.target ?? {};
      const server = await route?.chainer.connectServer(this.#session, host, port);
      if (server === undefined) return;
      if (this.#state === 'connecting') this.#send(server);
      else if (this.#state === 'awaited') this.#give(server);
      else server.destroy();
    } catch (cause) {
      const error = toProxyError(cause);
      const otherwise = this.#state === 'awaited' ? this.#otherwise : undefined;
      this.drop(error);
      otherwise?.(error);
    }
  }

  /** The exchange sends its request on this connection, as on one that it has asked for itself. */
  #give(connection: ServerConnection): void {
    const call = this.#call;
    try {
      call.connected(connection);
      this.#hedging.won(call.session, this.#session);
      sessionWriter.takeServerOf(call.session, this.#session);
      this.#enter('over');
      this.#endSession(this.#session, undefined);
      call.send();
      call.wentOn();
    } catch (error) {
      call.fail(toProxyError(error));
    }
  }

  #send(connection: ServerConnection): void {
    const { plan, request, client, context } = this.#call;
    const server = plan.makeServerSide(this, this.#session, connection);
    this.#server = server;
    this.#enter('asked');
    const traced = context.tracer?.linesFor(this.#call.session);
    const sink = server.send(
      request,
      client.forwardedLines(request.askedAuthority),
      traced === undefined ? undefined : new Literal(traced),
    );
    sink.end(undefined);
    server.start();
  }

  /** Makes it the server of the exchange. */
  #win(server: ServerSide): void {
    const { session } = this.#call;
    const first = this.#call.server;
    this.#hedging.won(session, this.#session);
    sessionWriter.takeServerOf(session, this.#session);
    this.#enter('won');
    this.#call.server = server;
    this.#call.reused = server.reused;
    first?.destroy();
    this.#endSession(this.#session, undefined);
  }

  #endSession(session: Session, error: ProxyError | undefined): void {
    sessionWriter.abort(session);
    // The head is that of the exchange, which may release it.
    sessionWriter.setRequest(session, undefined);
    tellChainer(session, 0, undefined, error, this.#server?.reused === true);
  }

  // ---- ServerEvents

  serverAnswers(): void {
    this.#hasAnswered = true;
    if (this.#state === 'won') this.#call.serverAnswers();
  }

  headStarted(): void {
    if (this.#state === 'won') this.#call.headStarted();
  }

  /** The first server may announce its answer to the client. This one waits until it has one. */
  interimHead(head: ResponseHead): void {
    if (this.#state === 'won') this.#call.interimHead(head);
  }

  /** An answer that says that this server has failed is kept back for good, because the first server may have a better one. */
  finalHead(head: ResponseHead): BodySink | undefined {
    if (this.#state === 'won') return this.#call.finalHead(head);
    if (head.status >= 500 || this.#server === undefined) return undefined;
    this.#win(this.#server);
    this.#call.serverAnswers();
    return this.#call.finalHead(head);
  }

  get keepsAnswerHead(): boolean {
    return this.#call.keepsAnswerHead;
  }

  answerKept(status: number): void {
    if (this.#state === 'won') this.#call.answerKept(status);
    else this.drop();
  }

  responseMoved(): void {
    this.#call.responseMoved();
  }

  responseEnded(isClean: boolean): void {
    this.#call.responseEnded(isClean);
  }

  protocolSwitched(): void {
    throw badResponse('The server switched to a protocol that was not asked for.');
  }

  tunnelOpened(): void {
    throw badResponse('The server opened a tunnel that was not asked for.');
  }

  serverDrained(): void {}

  serverLost(error: ProxyError): void {
    if (this.#state === 'won') this.#call.serverLost(error);
    else this.drop(error);
  }

  loginRefused(error: ProxyError, hasAnother: boolean): void {
    if (this.#state === 'won') this.#call.loginRefused(error, hasAnother);
    else this.drop(error);
  }

  serverFailed(error: ProxyError): void {
    if (this.#state === 'won') this.#call.serverFailed(error);
    else this.drop(error);
  }
}
