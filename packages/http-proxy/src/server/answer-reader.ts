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
type State = 'head' | 'kept' | 'body' | 'done';

/** How an answer is framed as it comes. */
interface CameFramed {
  readonly framing: ResponseFraming;
  readonly contentLength: number;
}

/** An answer that is kept back, as far as it has come. */
interface KeptAnswer extends CameFramed {
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
 * keeps the answer back where the exchange wants that.
 */
export abstract class AnswerReader implements ConnectionHandler, Holder {
  /** The connection served another session before. */
  readonly reused: boolean;

  protected readonly context: HttpContext;
  protected readonly exchange: ServerEvents;
  protected readonly session: Session;
  protected server: ServerConnection;
  #state: State = 'head';
  /** While a head is being read, or the next one may come. */
  #reader: HeadReader<ResponseHead> | undefined = undefined;
  /** The body of the final answer. */
  #body: BodyReader | undefined = undefined;
  #sink: BodySink | undefined = undefined;
  #kept: KeptAnswer | undefined = undefined;
  /** What was mended in heads, flags of `Repair`. */
  #headRepairs = 0;
  /** A byte came from the server. */
  #answered = false;
  #interims = 0;
  /** As far as the answer says, the connection can serve another request. */
  protected reusable = true;
  /** Milliseconds for which the server keeps its connection, if it has said so. */
  protected keepFor: number | undefined = undefined;

  protected constructor(context: HttpContext, exchange: ServerEvents, session: Session, server: ServerConnection) {
    this.context = context;
    this.exchange = exchange;
    this.session = session;
    this.server = server;
    this.reused = server.reused;
  }

  /** Its connection is reused, and no other connection can send this request. */
  abstract readonly isOnlyOne: boolean;
  /** The whole request is written. */
  protected abstract readonly requestIsSent: boolean;
  abstract drained(): void;

  protected get state(): State {
    return this.#state;
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  get repairs(): number {
    return this.#headRepairs | (this.#body?.repairs ?? 0);
  }

  get content(): number {
    return this.#body?.content ?? 0;
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#state === 'done') return;
    if (!this.#answered) {
      this.#answered = true;
      this.exchange.serverAnswers();
    }
    try {
      this.#read(bytes, start, end);
    } catch (error) {
      this.exchange.serverFailed(responseBodyError(error));
    }
  }

  forwarded(bytes: number): void {
    if (this.#state !== 'body' || this.#body === undefined || this.#sink === undefined) return;
    try {
      this.#body.forwarded(bytes, this.#sink);
    } catch (error) {
      return this.exchange.serverFailed(toProxyError(error));
    }
    if (this.#body.complete) return this.#complete(this.#body, true);
    this.exchange.responseMoved();
    if (this.#sink.full) this.server.connection.pause();
    else this.forwardPart();
  }

  ended(): void {
    this.#ended(undefined);
  }

  closed(error?: Error): void {
    this.#ended(error);
  }

  /** @internal Too many bytes wait, and those of this answer's head are to go. */
  giveUp(error: ProxyError): void {
    this.exchange.serverFailed(error);
  }

  // ---- heads

  #readHead(bytes: Buffer, at: number, end: number): number {
    const context = this.context;
    const reader = (this.#reader ??= context.responseReaders.take(context.responseLimits));
    const { head } = reader;
    const stop = reader.read(bytes, at, end);
    if (stop === FAULT) throw responseFault(head.fault);
    if (stop === MORE) {
      this.#waitForHead(reader);
      return end;
    }
    reader.uncount();
    head.understand(this.session.method ?? '', context.options.strict);
    if (head.status === 408 && this.#isLateTimeout(head)) {
      this.#lost(undefined);
      return end;
    }
    this.#headRepairs |= head.repairs;
    if (head.status === 407 && this.#isAnsweredAbout(head)) return end;
    if (this.#opensTunnel(head.status)) {
      this.exchange.tunnelOpened(Buffer.from(bytes.subarray(stop, end)));
      return end;
    }
    if (head.word.logsIn) this.server = BoundServers.bind(this.session, this.server);
    if (head.interim) return this.#interim(reader, bytes, stop, end);
    return this.#startBody(reader, bytes, stop, end);
  }

  /** The timeout runs from the head's first byte. Later pieces do not restart it. */
  #waitForHead(reader: HeadReader<ResponseHead>): void {
    if (!reader.isCounted) this.exchange.headStarted();
    reader.count(this.context.waitingBytes, this);
  }

  #interim(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    if (head.status === 101) {
      this.exchange.protocolSwitched(head, Buffer.from(bytes.subarray(at, end)));
      return end;
    }
    if (++this.#interims > MAX_INTERIM) throw badResponse('The server keeps sending interim responses.');
    this.exchange.interimHead(head);
    reader.begin(this.context.responseLimits);
    return at;
  }

  /**
   * Whether the server gave up the idle connection before this request arrived, and said so by a 408. That is the same as if it had
   * just closed it. If the request is still being sent, the 408 may be an answer to it.
   */
  #isLateTimeout(head: ResponseHead): boolean {
    return this.reused && head.close && this.#interims === 0 && this.requestIsSent;
  }

  /** Only a parent proxy is asked for a tunnel by a request. */
  #opensTunnel(status: number): boolean {
    return this.session.method === 'CONNECT' && status >= 200 && status < 300;
  }

  /** A parent proxy asks for a login. Returns whether that is no answer for the client. */
  #isAnsweredAbout(head: ResponseHead): boolean {
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
  #startBody(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    this.reusable = !head.close && this.#headRepairs === 0;
    this.keepFor = head.word.keepFor;
    // As it comes: the exchange may frame it otherwise.
    const came = this.#kept ?? { framing: head.framing, contentLength: head.contentLength };
    this.#kept = undefined;
    const sink = this.exchange.finalHead(head);
    // It may be answered otherwise.
    if (this.#isDone()) return end;
    if (sink === undefined) {
      this.#keepBack(reader, bytes.subarray(at, end), came);
      return end;
    }
    this.#sink = sink;
    this.#body = new BodyReader(this.context.responseBodies[came.framing], came.contentLength);
    this.#enter('body');
    if (this.exchange.keepsAnswerHead) reader.retain();
    else this.#giveReaderBack();
    return at;
  }

  #keepBack(reader: HeadReader<ResponseHead>, bytes: Buffer, { framing, contentLength }: CameFramed): void {
    reader.retain();
    this.#kept = { reader, bytes: Buffer.from(bytes), closed: undefined, framing, contentLength };
    this.#enter('kept');
    this.server.connection.pause();
    this.exchange.answerKept(reader.head.status);
  }

  giveAnswer(): void {
    const kept = this.#kept;
    if (kept === undefined || this.#state !== 'kept') return;
    try {
      this.#startBody(kept.reader, kept.bytes, 0, kept.bytes.length);
      this.#readBody(kept.bytes, 0, kept.bytes.length);
    } catch (error) {
      return this.exchange.serverFailed(responseBodyError(error));
    }
    if (kept.closed !== undefined) this.#ended(kept.closed.error);
    else if (this.#isReading()) this.server.connection.resume();
  }

  /** Asked anew because the state changes within calls. */
  #isDone(): boolean {
    return this.#state === 'done';
  }

  #isReading(): boolean {
    return this.#state === 'body' && this.#sink?.full === false;
  }

  #read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state === 'head') at = this.#readHead(bytes, at, end);
    this.#readBody(bytes, at, end);
  }

  #readBody(bytes: Buffer, start: number, end: number): void {
    const body = this.#body;
    const sink = this.#sink;
    if (this.#state !== 'body' || body === undefined || sink === undefined) return;
    // Also when nothing follows, because the head leaves with this call.
    const at = body.read(bytes, start, end, sink);
    if (body.complete) return this.#complete(body, at === end);
    this.exchange.responseMoved();
    if (sink.full) this.server.connection.pause();
    else body.forward(this.server.connection, sink);
  }

  /** Where no more than so many bytes may come, the transport is asked for just that. */
  protected forwardPart(): void {
    const body = this.#body;
    const sink = this.#sink;
    if (body === undefined || sink === undefined || sink.mostDirect === undefined || this.#state !== 'body') return;
    body.forward(this.server.connection, sink);
  }

  #complete(body: BodyReader, isClean: boolean): void {
    // What was mended in the body is known only now.
    if (body.repairs !== 0) this.reusable = false;
    this.exchange.responseEnded(isClean);
  }

  // ---- the end

  #ended(error: Error | undefined): void {
    if (this.#state === 'done') return;
    if (this.#kept !== undefined) {
      this.#kept.closed ??= { error };
      return;
    }
    const body = this.#body;
    if (body !== undefined && this.#sink !== undefined) {
      if (error === undefined && body.finish(this.#sink)) return this.#complete(body, true);
      return this.exchange.serverFailed(brokenBody());
    }
    if (!this.#answered) return this.#lost(error);
    this.exchange.serverFailed(brokenHead(this.server.remote, error));
  }

  #lost(cause: Error | undefined): void {
    this.exchange.serverLost(noAnswer(this.isOnlyOne, this.server.remote, cause));
  }

  /** Nothing of the answer is read any more. */
  protected letGo(): void {
    this.#enter('done');
    this.#giveReaderBack();
  }

  #giveReaderBack(): void {
    if (this.#reader === undefined) return;
    this.context.responseReaders.give(this.#reader);
    this.#reader = undefined;
  }
}
