import {
  DefectError,
  endedByOperator,
  iterationTime,
  ProxyError,
  type LiveSession,
  releaseServer,
  type Session,
  sessionWriter,
  type Route,
  type ServerConnection,
} from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { ExchangeBytes } from '../bytes/exchange-bytes.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { repairNames } from '../message/repairs.ts';
import type { HttpContext } from '../service/context.ts';
import type { ClientSide } from '../sides/client-side.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { ExchangeBodies } from './bodies/exchange-bodies.ts';
import { mayGoOnBehind, styleOf } from './exchange-errors.ts';
import { liveRequest, recordEnd, type KnownExchange } from './exchange-record.ts';
import type { ExchangePlan } from './plan.ts';
import { startTunnel } from './tunnel.ts';
import type { Tries } from './tries.ts';

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
export type State = 'asking' | 'sending' | 'answering' | 'tunnel' | 'closed';

/**
 * What an exchange owns, where it stands, and how it ends: by an answer of ours, a failure, or as a tunnel. It sees that both sides are given back
 * once. Its properties are in `Exchange`.
 */
export abstract class ExchangeLife implements KnownExchange {
  abstract readonly client: ClientSide;
  abstract readonly session: Session;
  abstract readonly request: RequestHead;
  abstract readonly plan: ExchangePlan;
  abstract readonly url: string | undefined;
  abstract route: Route | undefined;
  abstract server: ServerSide | undefined;
  abstract tries: Tries | undefined;
  abstract status: number;
  abstract started: number;
  abstract wait: number | undefined;
  abstract reused: boolean;
  abstract bytes: ExchangeBytes | undefined;

  abstract readonly state: State;
  /** The chainer's connection, until the request is sent on it. */
  protected abstract acquired: ServerConnection | undefined;
  /** The request head is valid. */
  protected abstract holdsHead: boolean;
  /** The client connection may serve another request behind this one. */
  protected abstract keepAlive: boolean;
  /** Where a step looks at bodies. */
  protected abstract seenBodies: ExchangeBodies | undefined;

  /** The only way from one state to another, see {@link State}. */
  protected abstract enter(state: State): void;
  /** Whether the exchange goes on without the server that has failed by `error`. */
  protected abstract goesOnDespite(error: ProxyError): boolean;
  abstract get bodies(): ExchangeBodies;
  abstract send(): void;

  get context(): HttpContext {
    return this.plan.context;
  }

  get isAsking(): boolean {
    return this.state === 'asking';
  }

  get isOver(): boolean {
    return this.state === 'closed';
  }

  // ---- what it owns

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
    this.acquired = server;
  }

  protected destroyServer(error?: ProxyError): void {
    this.server?.destroy(error);
    if (this.acquired !== undefined) releaseServer(this.acquired, false, this.context.logger, error);
    this.acquired = undefined;
  }

  protected releaseHead(): void {
    if (!this.holdsHead) return;
    this.holdsHead = false;
    if (this.session.request !== undefined) sessionWriter.setRequest(this.session, undefined);
    this.client.releaseHead();
  }

  // ---- answers of ours

  answer(answer: OwnAnswer, refusal?: ProxyError): void {
    // Of a body that was not read nobody knows where it ends, and what comes behind a CONNECT may be meant for the tunnel.
    const mayFollow = this.client.requestComplete && this.session.method !== 'CONNECT';
    const close = !this.keepAlive || !mayFollow || this.client.closing;
    this.status = answer.status;
    const { fieldChanges } = this.context;
    this.client.answerOurselves(fieldChanges === undefined ? answer : fieldChanges.changeOwn(this, answer), close);
    this.close(refusal, false);
    this.destroyServer();
    this.client.finish(!close, false);
  }

  // ---- for operators

  /** While it is no tunnel. */
  get live(): LiveSession {
    return liveRequest(this);
  }

  /** A client that has got nothing of an answer gets an error, because it would try again what is cut. */
  end(): void {
    if (this.state === 'tunnel') return;
    this.tries?.drop();
    this.fail(endedByOperator());
  }

  // ---- tunnels

  /** The relay owns both connections from now on. */
  protected becomeTunnel(server: ServerConnection, fromServer: Buffer | undefined, repairs: number): void {
    this.enter('tunnel');
    this.tries?.drop();
    this.releaseHead();
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
  protected hangUp(server: ServerSide, error: ProxyError): void {
    this.close(error, false);
    server.destroy();
    this.client.cut();
  }

  /** Ends the exchange without an answer of the server. Sends an error of ours, or cuts an answer that has started. */
  fail(error: ProxyError): void {
    if (this.state === 'closed' || this.goesOnDespite(error)) return;
    if (this.state === 'tunnel') {
      // The relay could not begin, and has destroyed what it owns.
      this.context.logger.error({ err: error }, 'defect while a tunnel was opened');
      return;
    }
    if (error instanceof DefectError) {
      this.context.logger.error({ err: error.cause }, 'defect while serving a request');
    }
    const started = this.client.answerStarted;
    if (!started) this.status = error.status;
    const about = started ? undefined : styleOf(error, this, this.holdsHead);
    // Of an answer that had started at the server nothing has left yet, but it has failed.
    const mayGoOn = this.keepAlive && this.state !== 'answering';
    const keepAlive = mayGoOn && mayGoOnBehind(error, this, this.server !== undefined);
    this.close(error, false);
    this.destroyServer(error);
    sessionWriter.abort(this.session);
    if (about === undefined) this.client.cut(error);
    else this.client.fail(error, about, keepAlive);
  }

  // ---- the end

  protected close(error: ProxyError | undefined, aborted: boolean): void {
    this.enter('closed');
    this.tries?.drop();
    this.seenBodies?.close();
    if (aborted) sessionWriter.abort(this.session);
    this.releaseHead();
    this.bytes?.close();
    recordEnd(this, error, aborted);
  }
}
