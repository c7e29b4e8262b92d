import type { Connection, ProxyError, SockAddr } from '@inband/core';
import type { OwnAnswer } from '../answers/own-answer.ts';
import type { BodySink } from '../message/body/body-sink.ts';
import { BodyWriter } from '../message/body/body-writer.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { writeResponseHead } from '../message/head/serialise.ts';
import { HEAD_AT, sendBuffer } from '../message/send-buffer.ts';
import type { HttpContext } from '../service/context.ts';
import type { RequestStyle } from '../sides/client-side.ts';
import { errorAnswer, ownAnswerBytes } from './answer-bytes.ts';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * Writes the answer to the request that is being served, in the version that the client understands. One object writes all answers of a
 * connection, because they follow one another.
 */
export class AnswerWriter {
  readonly #context: HttpContext;
  readonly #connection: Connection;
  readonly #body: BodyWriter;
  /** Minor version of the request, 0 or 1. */
  #minor = 1;
  #endsWithConnection = false;

  constructor(context: HttpContext, connection: Connection) {
    this.#context = context;
    this.#connection = connection;
    this.#body = new BodyWriter(connection);
  }

  /** The answer to another request, of HTTP/1.`minor`. */
  begin(minor: number): void {
    this.#minor = minor;
    this.#body.reset();
    this.#endsWithConnection = false;
  }

  /** Something of the final answer has left. */
  get started(): boolean {
    return this.#body.started;
  }

  /** The client does not keep up. */
  get full(): boolean {
    return this.#body.full;
  }

  /** The answer has no other end than that of the connection. */
  get endsWithConnection(): boolean {
    return this.#endsWithConnection;
  }

  drained(): void {
    this.#body.full = false;
  }

  // ---- before the final head

  /** Has the client send its body. */
  askForBody(): void {
    if (this.#minor === 1) this.#connection.write(CONTINUE);
  }

  interim(head: ResponseHead): void {
    if (this.#minor === 1) this.withoutBody(head);
  }

  /** Writes a head that nothing follows. */
  withoutBody(head: ResponseHead): void {
    const additions = this.#context.responseAdditions;
    additions.framing = 'none';
    additions.close = additions.sessionLogins = false;
    const headEnd = writeResponseHead(head, additions);
    this.#connection.write(sendBuffer(0), HEAD_AT, headEnd);
  }

  // ---- the final answer

  /** Prepares the head, which leaves with what the sink is given next. */
  start(head: ResponseHead, close: boolean): BodySink {
    const framing = this.#framingFor(head);
    this.#endsWithConnection = framing === 'close';
    const additions = this.#context.responseAdditions;
    additions.framing = framing;
    additions.close = close || this.#endsWithConnection;
    additions.sessionLogins = head.word.challenges && this.#context.service.mode === 'forward';
    const headEnd = writeResponseHead(head, additions);
    this.#body.start(framing === 'chunked' ? 'chunked' : 'raw', headEnd);
    return this.#body;
  }

  /** For HTTP/1.0, a body without a length ends with the connection, because that version has no chunks. */
  #framingFor(head: ResponseHead): 'none' | 'length' | 'chunked' | 'close' {
    if (head.framing !== 'chunked' && head.framing !== 'close') return head.framing;
    return this.#minor === 1 ? 'chunked' : 'close';
  }

  /** Writes an answer of ours. */
  own(answer: OwnAnswer, close: boolean): void {
    if (!this.#connection.write(ownAnswerBytes(answer, close))) this.#body.full = true;
  }

  /** Writes an error of ours. Returns whether the client keeps up. */
  error(client: SockAddr, error: ProxyError, about: RequestStyle, keepAlive: boolean): boolean {
    return this.#connection.write(errorAnswer(this.#context, client, error, about, keepAlive));
  }

  /** Says that the tunnel is open. */
  established(): void {
    this.#connection.write(this.#context.established.bytes);
  }
}
