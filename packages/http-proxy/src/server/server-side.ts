import {
  BoundServers,
  ignoreEvents,
  releaseServer,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import type { BodySink } from '../message/body/body-sink.ts';
import { BodyWriter } from '../message/body/body-writer.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { writeRequestHead } from '../message/head/serialise.ts';
import type { Literal } from '../message/words.ts';
import type { HttpContext } from '../service/context.ts';
import type { ServerEvents, ServerSide } from '../sides/server-side.ts';
import { AnswerReader } from './answer-reader.ts';
import { logsInAtParent } from './parent-requests.ts';
import { additionsFor } from './request-additions.ts';

/**
 * HTTP/1 with one server, for one exchange. Writes the request, reads the answer as an {@link AnswerReader}, and knows whether the connection
 * can be reused.
 */
export class Http1ServerSide extends AnswerReader implements ServerSide {
  readonly #writer: BodyWriter;
  /** The connection belonged to this client before. */
  readonly #wasBound: boolean;
  /** The request carries a login that belongs to the connection. */
  #logsIn = false;

  /** Takes `server` over. */
  constructor(context: HttpContext, exchange: ServerEvents, session: Session, server: ServerConnection) {
    super(context, exchange, session, server);
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
