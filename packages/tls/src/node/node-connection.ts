import { type Connection, type ConnectionHandler, connectionFromDuplex, ignoreEvents, ProxyError } from '@inband/core';
import type { SockAddr } from '@inband/core';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { TlsFacts } from '../base/facts.ts';
import type { TlsConnection } from '../base/implementation.ts';
import { brokenError, truncationError } from '../base/connection-errors.ts';
import { SocketEnd } from './socket-end.ts';

/** Iterations that a socket gets to send its close_notify. */
const MOST_ITERATIONS = 8;

/**
 * A {@link Connection} over a TLS socket of Node whose handshake is done, and which speaks over a stream of `plain`. It owns all
 * three. Other than a socket of Node it says how it ends: by close_notify, or by a reset of the connection underneath.
 */
export class NodeConnection implements TlsConnection, ConnectionHandler {
  readonly tls: TlsFacts;
  readonly local: SockAddr;
  readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;

  readonly #plain: Connection;
  readonly #duplex: Duplex;
  readonly #inner: Connection;
  readonly #socket: TLSSocket;
  readonly #end: SocketEnd;
  /** The owner has called `destroy`, so that only `closed` follows. */
  #destroyed = false;

  constructor(plain: Connection, duplex: Duplex, socket: TLSSocket, facts: TlsFacts) {
    this.local = plain.local;
    this.remote = plain.remote;
    this.tls = facts;
    this.#plain = plain;
    this.#duplex = duplex;
    this.#socket = socket;
    this.#end = new SocketEnd(duplex, socket, truncationError(this.remote));
    this.#inner = connectionFromDuplex(socket, this);
    this.#inner.handler = this;
  }

  /** Plain bytes. */
  get queued(): number {
    return this.#destroyed ? 0 : this.#inner.queued;
  }

  write(bytes: Uint8Array, start?: number, end?: number): boolean {
    return this.#inner.write(bytes, start, end);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    if (!this.#isCarrierGone) this.#inner.end();
  }

  /** Then there may still be something to read. Node would end the process if the socket were told to send its end (an assertion). */
  get #isCarrierGone(): boolean {
    return this.#duplex.destroyed;
  }

  destroy(error?: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#end.release();
    if (error === undefined) return this.#closeOrderly();
    this.#plain.destroy(error);
    this.#inner.destroy(error);
  }

  /** A socket that is destroyed sends no close_notify, so it is ended before, unless its queue is full. */
  #closeOrderly(): void {
    const inner = this.#inner;
    if (this.#isCarrierGone) return inner.destroy();
    inner.pause();
    inner.end();
    this.#destroyWhenFinished(MOST_ITERATIONS);
  }

  #destroyWhenFinished(iterations: number): void {
    if (iterations === 0 || this.#socket.writableFinished || this.#plain.queued > 0) this.#inner.destroy();
    else setImmediate(() => this.#destroyWhenFinished(iterations - 1));
  }

  /** For the socket only. */
  data(bytes: Buffer, start: number, end: number): void {
    if (!this.#destroyed) this.handler.data(bytes, start, end);
  }

  /** For the socket only. */
  drained(): void {
    if (!this.#destroyed) this.handler.drained();
  }

  /** For the socket only. */
  ended(): void {
    if (!this.#destroyed) this.handler.ended();
  }

  /** For the socket only. */
  closed(error?: Error): void {
    const { handler } = this;
    const reason = error ?? (this.#destroyed ? undefined : this.#end.error);
    this.handler = ignoreEvents;
    this.#destroyed = true;
    if (reason === undefined) handler.closed();
    else handler.closed(this.#translate(reason));
  }

  #translate(error: Error): Error {
    const cause: unknown = error instanceof ProxyError ? error.cause : undefined;
    if (!(cause instanceof Error)) return error;
    const reason: unknown = Reflect.get(cause, 'reason');
    return typeof reason === 'string' ? brokenError(reason, this.remote) : error;
  }
}
