import {
  BoundServers,
  ignoreEvents,
  releaseServer,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import type { BodyReader } from '../message/body/body-reader.ts';
import { BodyWriter } from '../message/body/body-writer.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { writeRequestHead } from '../message/head/serialise.ts';
import type { HeadReader } from '../message/parser/head-reader.ts';
import type { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import { AnswerReader, type KeptAnswer, type State } from './answer-reader.ts';
import { logsInAtParent } from './parent-requests.ts';
import { additionsFor } from './request-additions.ts';

/**
 * HTTP/1 with one server, for one exchange. Writes the request, reads the answer as an {@link AnswerReader}, and knows whether the connection
 * can be reused.
 *
 * All properties are here, and its superclass has neither properties nor private methods, because V8 inlines no constructor of a class
 * whose superclass has them, and each request makes a server side.
 */
export class Http1ServerSide extends AnswerReader implements ServerSide {
  readonly reused: boolean;
  protected readonly context: HttpContext;
  protected readonly exchange: ServerEvents;
  protected readonly session: Session;
  protected server: ServerConnection;
  protected state: State = 'head';
  protected reader: HeadReader<ResponseHead> | undefined = undefined;
  protected body: BodyReader | undefined = undefined;
  protected sink: BodySink | undefined = undefined;
  protected kept: KeptAnswer | undefined = undefined;
  protected headRepairs = 0;
  protected answered = false;
  protected interims = 0;
  protected reusable = true;
  protected keepFor: number | undefined = undefined;
  readonly #writer: BodyWriter;
  /** The connection belonged to this client before. */
  readonly #wasBound: boolean;
  /** The request carries a login that belongs to the connection. */
  #logsIn = false;

  /** Takes `server` over. */
  constructor(context: HttpContext, exchange: ServerEvents, session: Session, server: ServerConnection) {
    super();
    this.context = context;
    this.exchange = exchange;
    this.session = session;
    this.server = server;
    this.reused = server.reused;
    this.#wasBound = server.belongsToClient === true;
    this.#writer = new BodyWriter(server.connection);
    server.connection.handler = this;
  }

  get isOnlyOne(): boolean {
    if (!this.reused) return false;
    return this.server.irreplaceable === true || (this.#wasBound && this.#logsIn);
  }

  get isSpent(): boolean {
    return !this.reusable && this.server.irreplaceable === true;
  }

  get mayRefuseLogin(): boolean {
    return this.server.requestForm !== undefined;
  }

  get unsent(): number {
    return this.server.connection.queued;
  }

  // ---- the request

  send(head: RequestHead, forwarded: Literal | undefined, traced: Literal | undefined): BodySink {
    if (head.logsIn || logsInAtParent(this.server.requestForm, head)) {
      this.#logsIn = true;
      this.server = BoundServers.bind(this.session, this.server);
    }
    const headEnd = writeRequestHead(
      head,
      additionsFor(this.context, this.session, this.server, head, forwarded, traced),
    );
    this.#writer.start(head.chunked ? 'chunked' : 'raw', headEnd);
    return this.#writer;
  }

  protected get requestIsSent(): boolean {
    return this.#writer.ended;
  }

  drained(): void {
    if (this.state === 'done' || this.state === 'kept') return;
    this.#writer.full = false;
    this.exchange.serverDrained();
  }

  // ---- the answer

  start(): void {
    this.server.connection.resume();
  }

  resume(): void {
    this.forwardPart();
    this.server.connection.resume();
  }

  pause(): void {
    this.server.connection.pause();
  }

  // ---- the end

  release(isClean: boolean): void {
    this.letGo();
    const reusable = isClean && this.reusable && this.server.connection.queued === 0;
    releaseServer(this.server, reusable, this.context.logger, undefined, this.keepFor);
  }

  destroy(error?: ProxyError): void {
    this.letGo();
    releaseServer(this.server, false, this.context.logger, error, this.keepFor);
  }

  abandon(): void {
    this.letGo();
    // A plugin's connection may report only after this that it is closed, which must not be taken for an event of the next one.
    this.server.connection.handler = ignoreEvents;
    this.server.destroy();
  }

  handOver(): ServerConnection {
    this.letGo();
    return this.server;
  }
}
