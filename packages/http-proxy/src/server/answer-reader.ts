import {
  BoundServers,
  toProxyError,
  type ConnectionHandler,
  type Holder,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { responseBodyError } from '../message/body/body-faults.ts';
import { BodyReader } from '../message/body/body-reader.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { badResponse, responseFault } from '../message/head/faults.ts';
import type { ResponseFraming, ResponseHead } from '../message/head/response-head.ts';
import { FAULT, MORE, type HeadReader } from '../message/parser/head-reader.ts';
import type { HttpContext } from '../service/context.ts';
import type { ServerEvents } from '../sides/server-side.ts';
import { brokenBody, brokenHead, noAnswer } from './broken-answers.ts';
import { answerChallenge, passChallenge } from './parent-requests.ts';

/**
 * Where the answer stands.
 *
 *     head ──▶ body ──▶ done
 *      │ └──────▲───────▲      (failed, lost, given away, or nobody wants it any more)
 *      └▶ kept ─┴───────┘
 *
 * - `kept`: the final head has come, and the exchange asks another server first. The connection is paused.
 */
export type State = 'head' | 'kept' | 'body' | 'done';

/** How an answer is framed as it comes. */
interface CameFramed {
  readonly framing: ResponseFraming;
  readonly contentLength: number;
}

/** An answer that is kept back, as far as it has come. */
export interface KeptAnswer extends CameFramed {
  readonly reader: HeadReader<ResponseHead>;
  /** What came behind its head. */
  readonly bytes: Buffer;
  /** That the connection closed meanwhile, and why. */
  closed: { readonly error: Error | undefined } | undefined;
}

/** Interim responses to one request before the server is taken to be broken. */
const MAX_INTERIM = 64;

/**
 * The half of HTTP/1 with one server that reads the answer: interim heads, the final head and its body. It tells the exchange of each, and
 * keeps the answer back where the exchange wants that. Its properties are in `Http1ServerSide`.
 */
export abstract class AnswerReader implements ConnectionHandler, Holder {
  /** The connection served another session before. */
  abstract readonly reused: boolean;

  protected abstract readonly context: HttpContext;
  protected abstract readonly exchange: ServerEvents;
  protected abstract readonly session: Session;
  protected abstract server: ServerConnection;
  protected abstract state: State;
  /** While a head is being read, or the next one may come. */
  protected abstract reader: HeadReader<ResponseHead> | undefined;
  /** The body of the final answer. */
  protected abstract body: BodyReader | undefined;
  protected abstract sink: BodySink | undefined;
  protected abstract kept: KeptAnswer | undefined;
  /** What was mended in heads, flags of `Repair`. */
  protected abstract headRepairs: number;
  /** A byte came from the server. */
  protected abstract answered: boolean;
  protected abstract interims: number;
  /** As far as the answer says, the connection can serve another request. */
  protected abstract reusable: boolean;
  /** Milliseconds for which the server keeps its connection, if it has said so. */
  protected abstract keepFor: number | undefined;

  /** Its connection is reused, and no other connection can send this request. */
  abstract readonly isOnlyOne: boolean;
  /** The whole request is written. */
  protected abstract readonly requestIsSent: boolean;
  abstract drained(): void;

  /** The only way from one state to another, see {@link State}. */
  protected enter(state: State): void {
    this.state = state;
  }

  get repairs(): number {
    return this.headRepairs | (this.body?.repairs ?? 0);
  }

  get content(): number {
    return this.body?.content ?? 0;
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (this.state === 'done') return;
    if (!this.answered) {
      this.answered = true;
      this.exchange.serverAnswers();
    }
    try {
      this.readBytes(bytes, start, end);
    } catch (error) {
      this.exchange.serverFailed(responseBodyError(error));
    }
  }

  forwarded(bytes: number): void {
    if (this.state !== 'body' || this.body === undefined || this.sink === undefined) return;
    try {
      this.body.forwarded(bytes, this.sink);
    } catch (error) {
      return this.exchange.serverFailed(toProxyError(error));
    }
    if (this.body.complete) return this.bodyComplete(this.body, true);
    this.exchange.responseMoved();
    if (this.sink.full) this.server.connection.pause();
    else this.forwardPart();
  }

  ended(): void {
    this.connectionEnded(undefined);
  }

  closed(error?: Error): void {
    this.connectionEnded(error);
  }

  /** @internal Too many bytes wait, and those of this answer's head are to go. */
  giveUp(error: ProxyError): void {
    this.exchange.serverFailed(error);
  }

  // ---- heads

  protected readHead(bytes: Buffer, at: number, end: number): number {
    const context = this.context;
    const reader = (this.reader ??= context.responseReaders.take(context.responseLimits));
    const { head } = reader;
    const stop = reader.read(bytes, at, end);
    if (stop === FAULT) throw responseFault(head.fault);
    if (stop === MORE) {
      this.waitForHead(reader);
      return end;
    }
    reader.uncount();
    head.understand(this.session.method ?? '', context.options.strict);
    if (head.status === 408 && this.isLateTimeout(head)) {
      this.lost(undefined);
      return end;
    }
    this.headRepairs |= head.repairs;
    if (head.status === 407 && this.isAnsweredAbout(head)) return end;
    if (this.opensTunnel(head.status)) {
      this.exchange.tunnelOpened(Buffer.from(bytes.subarray(stop, end)));
      return end;
    }
    if (head.word.logsIn) this.server = BoundServers.bind(this.session, this.server);
    if (head.interim) return this.interimCame(reader, bytes, stop, end);
    return this.startBody(reader, bytes, stop, end);
  }

  /** The timeout runs from the head's first byte. Later pieces do not restart it. */
  protected waitForHead(reader: HeadReader<ResponseHead>): void {
    if (!reader.isCounted) this.exchange.headStarted();
    reader.count(this.context.waitingBytes, this);
  }

  protected interimCame(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    if (head.status === 101) {
      this.exchange.protocolSwitched(head, Buffer.from(bytes.subarray(at, end)));
      return end;
    }
    if (++this.interims > MAX_INTERIM) throw badResponse('The server keeps sending interim responses.');
    this.exchange.interimHead(head);
    reader.begin(this.context.responseLimits);
    return at;
  }

  /**
   * Whether the server gave up the idle connection before this request arrived, and said so by a 408. That is the same as if it had
   * just closed it. If the request is still being sent, the 408 may be an answer to it.
   */
  protected isLateTimeout(head: ResponseHead): boolean {
    return this.reused && head.close && this.interims === 0 && this.requestIsSent;
  }

  /** Only a parent proxy is asked for a tunnel by a request. */
  protected opensTunnel(status: number): boolean {
    return this.session.method === 'CONNECT' && status >= 200 && status < 300;
  }

  /** A parent proxy asks for a login. Returns whether that is no answer for the client. */
  protected isAnsweredAbout(head: ResponseHead): boolean {
    const { requestForm, irreplaceable } = this.server;
    if (requestForm === undefined) return false;
    if (requestForm.passesLogin === true) {
      if (passChallenge(head)) this.server = BoundServers.bind(this.session, this.server);
      return false;
    }
    const [error, hasAnother] = answerChallenge(requestForm, this.session, head);
    this.exchange.loginRefused(error, hasAnother && irreplaceable !== true);
    return true;
  }

  // ---- the final answer

  /** Returns the position of what is to be read next. */
  protected startBody(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    this.reusable = !head.close && this.headRepairs === 0;
    this.keepFor = head.word.keepFor;
    // As it comes: the exchange may frame it otherwise.
    const came = this.kept ?? { framing: head.framing, contentLength: head.contentLength };
    this.kept = undefined;
    const sink = this.exchange.finalHead(head);
    // It may be answered otherwise.
    if (this.isDone()) return end;
    if (sink === undefined) {
      this.keepBack(reader, bytes.subarray(at, end), came);
      return end;
    }
    this.sink = sink;
    this.body = new BodyReader(this.context.responseBodies[came.framing], came.contentLength);
    this.enter('body');
    if (this.exchange.keepsAnswerHead) reader.retain();
    else this.giveReaderBack();
    return at;
  }

  protected keepBack(reader: HeadReader<ResponseHead>, bytes: Buffer, { framing, contentLength }: CameFramed): void {
    reader.retain();
    this.kept = { reader, bytes: Buffer.from(bytes), closed: undefined, framing, contentLength };
    this.enter('kept');
    this.server.connection.pause();
    this.exchange.answerKept(reader.head.status);
  }

  giveAnswer(): void {
    const kept = this.kept;
    if (kept === undefined || this.state !== 'kept') return;
    try {
      this.startBody(kept.reader, kept.bytes, 0, kept.bytes.length);
      this.readBody(kept.bytes, 0, kept.bytes.length);
    } catch (error) {
      return this.exchange.serverFailed(responseBodyError(error));
    }
    if (kept.closed !== undefined) this.connectionEnded(kept.closed.error);
    else if (this.isReading()) this.server.connection.resume();
  }

  /** Asked anew because the state changes within calls. */
  protected isDone(): boolean {
    return this.state === 'done';
  }

  protected isReading(): boolean {
    return this.state === 'body' && this.sink?.full === false;
  }

  protected readBytes(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.state === 'head') at = this.readHead(bytes, at, end);
    this.readBody(bytes, at, end);
  }

  protected readBody(bytes: Buffer, start: number, end: number): void {
    const body = this.body;
    const sink = this.sink;
    if (this.state !== 'body' || body === undefined || sink === undefined) return;
    // Also when nothing follows, because the head leaves with this call.
    const at = body.read(bytes, start, end, sink);
    if (body.complete) return this.bodyComplete(body, at === end);
    this.exchange.responseMoved();
    if (sink.full) this.server.connection.pause();
    else body.forward(this.server.connection, sink);
  }

  /** Where no more than so many bytes may come, the transport is asked for just that. */
  protected forwardPart(): void {
    const body = this.body;
    const sink = this.sink;
    if (body === undefined || sink === undefined || sink.mostDirect === undefined || this.state !== 'body') return;
    body.forward(this.server.connection, sink);
  }

  protected bodyComplete(body: BodyReader, isClean: boolean): void {
    // What was mended in the body is known only now.
    if (body.repairs !== 0) this.reusable = false;
    this.exchange.responseEnded(isClean);
  }

  // ---- the end

  protected connectionEnded(error: Error | undefined): void {
    if (this.state === 'done') return;
    if (this.kept !== undefined) {
      this.kept.closed ??= { error };
      return;
    }
    const body = this.body;
    if (body !== undefined && this.sink !== undefined) {
      if (error === undefined && body.finish(this.sink)) return this.bodyComplete(body, true);
      return this.exchange.serverFailed(brokenBody());
    }
    if (!this.answered) return this.lost(error);
    this.exchange.serverFailed(brokenHead(this.server.remote, error));
  }

  protected lost(cause: Error | undefined): void {
    this.exchange.serverLost(noAnswer(this.isOnlyOne, this.server.remote, cause));
  }

  /** Nothing of the answer is read any more. */
  protected letGo(): void {
    this.enter('done');
    this.giveReaderBack();
  }

  protected giveReaderBack(): void {
    if (this.reader === undefined) return;
    this.context.responseReaders.give(this.reader);
    this.reader = undefined;
  }
}
