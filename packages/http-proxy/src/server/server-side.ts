import {
  BoundServers,
  ignoreEvents,
  ProxyError,
  releaseServer,
  toProxyError,
  type ConnectionHandler,
  type Holder,
  type ServerConnection,
  type Session,
} from '@inband/core';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import { NO_AUTHORITY, reachedAt } from '../message/authority.ts';
import { BodyReader } from '../message/body/body-reader.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { BodyWriter } from '../message/body/body-writer.ts';
import { responseBodyError } from '../message/body/body-faults.ts';
import { badResponse, responseFault } from '../message/head/faults.ts';
import { FAULT, MORE, type HeadReader } from '../message/parser/head-reader.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseFraming, ResponseHead } from '../message/head/response-head.ts';
import { writeRequestHead, type RequestAdditions } from '../message/head/serialise.ts';
import { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import { answerChallenge, logsInAtParent, parentAdditions, passChallenge } from './parent-requests.ts';

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

/** HTTP/1 with one server, for one exchange. Writes the request, reads the answer, and knows whether the connection can be reused. */
export class Http1ServerSide implements ServerSide, ConnectionHandler, Holder {
  readonly reused: boolean;

  readonly #context: HttpContext;
  readonly #exchange: ServerEvents;
  readonly #session: Session;
  readonly #writer: BodyWriter;
  #server: ServerConnection;
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
  /** The connection belonged to this client before. */
  readonly #wasBound: boolean;
  /** The request carries a login that belongs to the connection. */
  #logsIn = false;
  #reusable = true;
  /** Milliseconds for which the server keeps its connection. */
  #keepFor = Infinity;

  /** Takes `server` over. */
  constructor(context: HttpContext, exchange: ServerEvents, session: Session, server: ServerConnection) {
    this.#context = context;
    this.#exchange = exchange;
    this.#session = session;
    this.#server = server;
    this.reused = server.reused;
    this.#wasBound = server.belongsToClient === true;
    this.#writer = new BodyWriter(server.connection);
    server.connection.handler = this;
  }

  get isOnlyOne(): boolean {
    if (!this.reused) return false;
    return this.#server.irreplaceable === true || (this.#wasBound && this.#logsIn);
  }

  get isSpent(): boolean {
    return !this.#reusable && this.#server.irreplaceable === true;
  }

  get mayRefuseLogin(): boolean {
    return this.#server.requestForm !== undefined;
  }

  get repairs(): number {
    return this.#headRepairs | (this.#body?.repairs ?? 0);
  }

  get content(): number {
    return this.#body?.content ?? 0;
  }

  get unsent(): number {
    return this.#server.connection.queued;
  }

  send(head: RequestHead, forwarded: Literal | undefined, traced: Literal | undefined): BodySink {
    if (head.logsIn || logsInAtParent(this.#server.requestForm, head)) {
      this.#logsIn = true;
      this.#server = BoundServers.bind(this.#session, this.#server);
    }
    const headEnd = writeRequestHead(head, this.#additions(head, forwarded, traced));
    this.#writer.start(head.chunked ? 'chunked' : 'raw', headEnd);
    return this.#writer;
  }

  start(): void {
    this.#server.connection.resume();
  }

  resume(): void {
    this.#forwardPart();
    this.#server.connection.resume();
  }

  pause(): void {
    this.#server.connection.pause();
  }

  /** Where no more than so many bytes may come, the transport is asked for just that. */
  #forwardPart(): void {
    const body = this.#body;
    const sink = this.#sink;
    if (body === undefined || sink === undefined || sink.mostDirect === undefined || this.#state !== 'body') return;
    body.forward(this.#server.connection, sink);
  }

  giveAnswer(): void {
    const kept = this.#kept;
    if (kept === undefined || this.#state !== 'kept') return;
    try {
      this.#startBody(kept.reader, kept.bytes, 0, kept.bytes.length);
      this.#readBody(kept.bytes, 0, kept.bytes.length);
    } catch (error) {
      return this.#exchange.serverFailed(responseBodyError(error));
    }
    if (kept.closed !== undefined) this.#ended(kept.closed.error);
    else if (this.#isReading()) this.#server.connection.resume();
  }

  /** Asked anew because the state changes within calls. */
  #isDone(): boolean {
    return this.#state === 'done';
  }

  #isReading(): boolean {
    return this.#state === 'body' && this.#sink?.full === false;
  }

  release(isClean: boolean): void {
    this.#letGo();
    const reusable = isClean && this.#reusable && this.#server.connection.queued === 0;
    releaseServer(this.#server, reusable, this.#context.logger, undefined, this.#keepFor);
  }

  destroy(error?: ProxyError): void {
    this.#letGo();
    releaseServer(this.#server, false, this.#context.logger, error, this.#keepFor);
  }

  abandon(): void {
    this.#letGo();
    // A plugin's connection may report only after this that it is closed, which must not be taken for an event of the next one.
    this.#server.connection.handler = ignoreEvents;
    this.#server.destroy();
  }

  handOver(): ServerConnection {
    this.#letGo();
    return this.#server;
  }

  /** The only way from one state to another, see {@link State}. */
  #enter(state: State): void {
    this.#state = state;
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#state === 'done') return;
    if (!this.#answered) {
      this.#answered = true;
      this.#exchange.serverAnswers();
    }
    try {
      this.#read(bytes, start, end);
    } catch (error) {
      this.#exchange.serverFailed(responseBodyError(error));
    }
  }

  forwarded(bytes: number): void {
    if (this.#state !== 'body' || this.#body === undefined || this.#sink === undefined) return;
    try {
      this.#body.forwarded(bytes, this.#sink);
    } catch (error) {
      return this.#exchange.serverFailed(toProxyError(error));
    }
    if (this.#body.complete) return this.#complete(this.#body, true);
    this.#exchange.responseMoved();
    if (this.#sink.full) this.#server.connection.pause();
    else this.#forwardPart();
  }

  drained(): void {
    if (this.#state === 'done' || this.#state === 'kept') return;
    this.#writer.full = false;
    this.#exchange.serverDrained();
  }

  ended(): void {
    this.#ended(undefined);
  }

  closed(error?: Error): void {
    this.#ended(error);
  }

  /** @internal Too many bytes wait, and those of this answer's head are to go. */
  giveUp(error: ProxyError): void {
    this.#exchange.serverFailed(error);
  }

  /** Returns the same object for nearly all requests. */
  #additions(head: RequestHead, forwarded: Literal | undefined, traced: Literal | undefined): RequestAdditions {
    const { requestAdditions } = this.#context;
    const { requestForm } = this.#server;
    const namesHost = head.authority !== NO_AUTHORITY;
    if (requestForm !== undefined) {
      const written = parentAdditions(requestForm, this.#session, head);
      return { ...requestAdditions, forwarded, traced, ...written };
    }
    if (namesHost && forwarded === undefined && traced === undefined) return requestAdditions;
    const host = namesHost
      ? undefined
      : new Literal(reachedAt(this.#session.client.local, this.#session.client.tls !== undefined));
    return { ...requestAdditions, forwarded, traced, host };
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
    this.#exchange.responseMoved();
    if (sink.full) this.#server.connection.pause();
    else body.forward(this.#server.connection, sink);
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const context = this.#context;
    const reader = (this.#reader ??= context.responseReaders.take(context.responseLimits));
    const { head } = reader;
    const stop = reader.read(bytes, at, end);
    if (stop === FAULT) throw responseFault(head.fault);
    if (stop === MORE) {
      this.#waitForHead(reader);
      return end;
    }
    reader.uncount();
    head.understand(this.#session.method ?? '', context.options.strict);
    if (head.status === 408 && this.#isLateTimeout(head)) {
      this.#lost(undefined);
      return end;
    }
    this.#headRepairs |= head.repairs;
    if (head.status === 407 && this.#isAnsweredAbout(head)) return end;
    if (this.#opensTunnel(head.status)) {
      this.#exchange.tunnelOpened(Buffer.from(bytes.subarray(stop, end)));
      return end;
    }
    if (head.word.logsIn) this.#server = BoundServers.bind(this.#session, this.#server);
    if (head.interim) return this.#interim(reader, bytes, stop, end);
    return this.#startBody(reader, bytes, stop, end);
  }

  /** Returns the position of what is to be read next. */
  #startBody(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    this.#reusable = !head.close && this.#headRepairs === 0;
    this.#keepFor = head.word.keepFor;
    // As it comes: the exchange may frame it otherwise.
    const came = this.#kept ?? { framing: head.framing, contentLength: head.contentLength };
    this.#kept = undefined;
    const sink = this.#exchange.finalHead(head);
    // It may be answered otherwise.
    if (this.#isDone()) return end;
    if (sink === undefined) {
      this.#keepBack(reader, bytes.subarray(at, end), came);
      return end;
    }
    this.#sink = sink;
    this.#body = new BodyReader(this.#context.responseBodies[came.framing], came.contentLength);
    this.#enter('body');
    if (this.#exchange.keepsAnswerHead) reader.retain();
    else this.#giveReaderBack();
    return at;
  }

  #keepBack(reader: HeadReader<ResponseHead>, bytes: Buffer, { framing, contentLength }: CameFramed): void {
    reader.retain();
    this.#kept = { reader, bytes: Buffer.from(bytes), closed: undefined, framing, contentLength };
    this.#enter('kept');
    this.#server.connection.pause();
    this.#exchange.answerKept(reader.head.status);
  }

  /** A parent proxy asks for a login. Returns whether that is no answer for the client. */
  #isAnsweredAbout(head: ResponseHead): boolean {
    const { requestForm, irreplaceable } = this.#server;
    if (requestForm === undefined) return false;
    if (requestForm.passesLogin === true) {
      if (passChallenge(head)) this.#server = BoundServers.bind(this.#session, this.#server);
      return false;
    }
    const [error, hasAnother] = answerChallenge(requestForm, this.#session, head);
    this.#exchange.loginRefused(error, hasAnother && irreplaceable !== true);
    return true;
  }

  /** Only a parent proxy is asked for a tunnel by a request. */
  #opensTunnel(status: number): boolean {
    return this.#session.method === 'CONNECT' && status >= 200 && status < 300;
  }

  #interim(reader: HeadReader<ResponseHead>, bytes: Buffer, at: number, end: number): number {
    const { head } = reader;
    if (head.status === 101) {
      this.#exchange.protocolSwitched(head, Buffer.from(bytes.subarray(at, end)));
      return end;
    }
    if (++this.#interims > MAX_INTERIM) throw badResponse('The server keeps sending interim responses.');
    this.#exchange.interimHead(head);
    reader.begin(this.#context.responseLimits);
    return at;
  }

  /**
   * Whether the server gave up the idle connection before this request arrived, and said so by a 408. That is the same as if it had
   * just closed it. If the request is still being sent, the 408 may be an answer to it.
   */
  #isLateTimeout(head: ResponseHead): boolean {
    return this.reused && head.close && this.#interims === 0 && this.#writer.ended;
  }

  #complete(body: BodyReader, isClean: boolean): void {
    // What was mended in the body is known only now.
    if (body.repairs !== 0) this.#reusable = false;
    this.#exchange.responseEnded(isClean);
  }

  #ended(error: Error | undefined): void {
    if (this.#state === 'done') return;
    if (this.#kept !== undefined) {
      this.#kept.closed ??= { error };
      return;
    }
    const body = this.#body;
    if (body !== undefined && this.#sink !== undefined) {
      if (error === undefined && body.finish(this.#sink)) return this.#complete(body, true);
      const message = 'The response ended before it was complete.';
      return this.#exchange.serverFailed(new ProxyError('http_response_incomplete', message));
    }
    if (!this.#answered) return this.#lost(error);
    const message = 'The server closed the connection in the middle of its response head.';
    this.#exchange.serverFailed(this.#terminated(message, error));
  }

  #lost(cause: Error | undefined): void {
    const message = this.isOnlyOne
      ? 'The server closed the connection instead of answering another request.'
      : 'The server closed the connection without a response.';
    this.#exchange.serverLost(this.#terminated(message, cause));
  }

  #terminated(message: string, cause: Error | undefined): ProxyError {
    return new ProxyError('connection_terminated', message, { address: this.#server.remote, cause });
  }

  /** The timeout runs from the head's first byte. Later pieces do not restart it. */
  #waitForHead(reader: HeadReader<ResponseHead>): void {
    if (!reader.isCounted) this.#exchange.headStarted();
    reader.count(this.#context.waitingBytes, this);
  }

  #letGo(): void {
    this.#enter('done');
    this.#giveReaderBack();
  }

  #giveReaderBack(): void {
    if (this.#reader === undefined) return;
    this.#context.responseReaders.give(this.#reader);
    this.#reader = undefined;
  }
}
