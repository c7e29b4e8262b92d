import { exchangeChannel, iterationTime, type MaybePromise, ProxyError, toProxyError } from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import type { LimitedExchange } from '../bytes/exchange-bytes.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { switchesAsAsked } from '../message/head/upgrade.ts';
import type { SeenAnswer } from './bodies/seen-answer.ts';
import { ExchangeLife } from './exchange-life.ts';
import { publishHead } from './publish.ts';

/** The half of an exchange that answers: it shows the final head to the steps, and gives it and its body to the client. */
export abstract class ExchangeAnswer extends ExchangeLife implements LimitedExchange {
  /** What the steps say of the final head: nothing yet, one of them waits, or all have seen it. */
  protected abstract shown: 'not-yet' | 'waits' | 'passed';
  /**
   * The client said that it sends nothing after this request (RFC 9112 section 9.6). False for a request with a body, because some
   * clients send an empty line behind it.
   */
  protected abstract readonly isLast: boolean;

  /** Whether an answer with `status` is kept back, because another server is asked first. */
  protected abstract keepsBack(status: number): boolean;
  abstract expectRequest(): void;
  abstract holdRequest(): void;
  abstract requestReleased(): void;

  // ---- heads

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
    if (this.shown === 'passed') return this.giveFinalHead(head);
    if (this.shown === 'waits') return this.seenBodies?.answer.collecting;
    if (head.status >= 500 && this.keepsBack(head.status)) return undefined;
    this.tries?.drop();
    if (exchangeChannel.hasSubscribers) publishHead(this, 'answered', head.status);
    const waiting = this.plan.responses.length === 0 ? undefined : this.showAnswer(head, 0);
    if (waiting !== undefined) return this.waitForSteps(head, waiting);
    return this.isOver ? undefined : this.giveFinalHead(head);
  }

  protected giveFinalHead(head: ResponseHead): BodySink {
    const { client } = this;
    // A request that is still coming in cannot be followed by another, so the connection closes after an early answer.
    if (!client.requestComplete || client.closing) this.keepAlive = false;
    // What has come behind a CONNECT was meant for the tunnel.
    if (this.session.method === 'CONNECT' && client.hasAhead) this.keepAlive = false;
    if (this.server?.isSpent === true) this.keepAlive = false;
    this.status = head.status;
    this.enter('answering');
    this.seenBodies?.answer.frame(head);
    const written = client.answer(head, !this.keepAlive);
    const sink = this.bytes === undefined ? written : this.bytes.limitAnswer(written, this);
    return this.seenBodies === undefined ? sink : this.seenBodies.answer.give(sink, head);
  }

  /** Shows the answer to the steps from the one at `from` on. */
  protected showAnswer(head: ResponseHead, from: number): MaybePromise<void> {
    const { responses } = this.plan;
    for (let at = from; at < responses.length && !this.isOver; at += 1) {
      const waiting = responses[at]?.(this, head);
      if (waiting !== undefined) return waiting.then(() => this.showAnswer(head, at + 1));
    }
    return undefined;
  }

  /** Has the answer kept back, or collected, until the steps that look at it have settled. */
  protected waitForSteps(head: ResponseHead, steps: Promise<void>): BodySink | undefined {
    this.shown = 'waits';
    this.client.timer.start('response');
    steps
      .then(() => {
        if (this.state !== 'sending') return;
        this.shown = 'passed';
        if (this.seenBodies?.answer.isCollected === true) this.answerCollected(head, this.seenBodies.answer);
        else this.server?.giveAnswer();
      })
      .catch((error: unknown) => this.fail(toProxyError(error)));
    return this.seenBodies?.answer.collecting;
  }

  /** The server has ended its answer, unless what is made of it is still being written. */
  protected answerCollected(head: ResponseHead, body: SeenAnswer): void {
    this.giveFinalHead(head);
    if (!body.isChanging) this.endAnswer(body.cleanEnd === true);
  }

  get keepsAnswerHead(): boolean {
    return this.seenBodies?.answer.collecting !== undefined;
  }

  get answerIsKept(): boolean {
    return this.shown === 'waits';
  }

  // ---- its body

  clientDrained(): void {
    if (this.state !== 'answering') return;
    this.waitForResponseBody();
    if (this.seenBodies?.answer.clientDrained() === true || this.bytes?.holdsAnswer === true) return;
    this.server?.resume();
  }

  holdAnswer(): void {
    if (this.state === 'answering') this.server?.pause();
  }

  answerReleased(): void {
    if (this.state !== 'answering') return;
    this.waitForResponseBody();
    this.seenBodies?.answer.clientDrained();
    this.server?.resume();
  }

  changedAnswerMoved(): void {
    this.waitForResponseBody();
    if (this.state === 'answering') this.releaseHead();
  }

  changedAnswerEnded(): void {
    if (this.state === 'answering') this.endAnswer(this.seenBodies?.answer.cleanEnd === true);
  }

  responseMoved(): void {
    // Only what such a client gets shows that it is still there.
    const mayBeGone = this.seenBodies?.answer.withholds === true && this.client.hasEnded;
    if (!mayBeGone) this.waitForResponseBody();
    if (this.state === 'answering') this.releaseHead();
  }

  responseEnded(isClean: boolean): void {
    if (this.seenBodies?.answer.holdsEnd(isClean) !== true) this.endAnswer(isClean);
    else if (this.seenBodies.answer.isChanging) this.waitForResponseBody();
  }

  /** The client has all of the answer. `isClean`: the server's has come whole, and nothing behind it. */
  protected endAnswer(isClean: boolean): void {
    const { client } = this;
    const server = this.server;
    const whole = client.requestComplete;
    if (server?.isSpent === true) this.keepAlive = false;
    const isSent = this.seenBodies === undefined || this.seenBodies.request.isSent;
    this.close(undefined, false);
    server?.release(isClean && whole && isSent);
    client.finish(this.keepAlive && whole, this.isLast && whole);
  }

  protocolSwitched(head: ResponseHead, early: Buffer): void {
    const server = this.server;
    if (server === undefined || !this.client.requestComplete || !switchesAsAsked(this.request, head)) {
      throw new ProxyError('http_upgrade_failed', 'The server switched to a protocol that was not asked for.');
    }
    this.status = 101;
    if (exchangeChannel.hasSubscribers) publishHead(this, 'interim', 101);
    if (this.showAnswer(head, 0) !== undefined) throw new Error('A step waits with a switch of protocols.');
    this.client.switchProtocols(head);
    this.becomeTunnel(server.handOver(), early, server.repairs);
  }

  tunnelOpened(early: Buffer): void {
    const { server } = this;
    if (server === undefined) return;
    this.status = 200;
    this.client.acceptTunnel();
    this.becomeTunnel(server.handOver(), early, server.repairs);
  }

  protected waitForResponseBody(): void {
    this.client.timer.responseMoved(this.client.hasEnded);
  }
}
