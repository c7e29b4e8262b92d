import { Duplex } from 'node:stream';
import type { SockAddr } from '../../base/address.ts';
import type { Connection } from '../../base/connection.ts';
import { fromErrno } from '../../base/errno.ts';
import { ProxyError } from '../../base/errors.ts';
import { StreamConnection } from './stream-connection.ts';

/** The addresses of the two ends of a stream, which the stream itself does not know. */
export interface StreamAddresses {
  readonly local: SockAddr;
  readonly remote: SockAddr;
}

/**
 * A {@link Connection} over a stream of bytes: a TLS socket, a plugin's own stream. The connection owns the stream
 * from then on. The stream must emit `close` when it is destroyed (streams do unless told otherwise) and, to allow
 * one direction to end before the other, must have been made with `allowHalfOpen`.
 */
export function connectionFromDuplex(duplex: Duplex, addresses: StreamAddresses): Connection {
  if (duplex.readableObjectMode || duplex.writableObjectMode || duplex.readableEncoding !== null) {
    throw new TypeError('A connection needs a stream of bytes: no object mode, no encoding.');
  }
  return new DuplexConnection(duplex, addresses);
}

class DuplexConnection extends StreamConnection {
  readonly local: SockAddr;
  readonly remote: SockAddr;
  readonly #duplex: Duplex;

  constructor(duplex: Duplex, addresses: StreamAddresses) {
    // An unknown stream may reuse the memory of its chunks.
    super(duplex, false);
    this.#duplex = duplex;
    this.local = addresses.local;
    this.remote = addresses.remote;
    // It has said so already, when nobody listened.
    if (duplex.closed) setImmediate(() => this.deliverClosed());
  }

  protected translate(error: NodeJS.ErrnoException): Error {
    return error instanceof ProxyError
      ? error
      : fromErrno(error, error.syscall === 'read' ? 'read' : 'write', this.remote);
  }

  protected reset(error: Error): void {
    this.#duplex.destroy(error);
  }
}

/**
 * A stream over a connection, which the stream owns from then on. Reading it reads the connection, ending it ends the
 * sending direction only, and destroying it with an error resets the connection. It emits `close` when the connection
 * is closed and, after an orderly end, everything has been read.
 */
export function duplexFromConnection(connection: Connection): Duplex {
  return new ConnectionDuplex(connection);
}

type Done = (error?: Error | null) => void;

class ConnectionDuplex extends Duplex {
  readonly #connection: Connection;
  #connectionClosed = false;
  /** What to call when the last write has been taken. */
  #written: Done | undefined;
  /** What to call when the connection, told to, has closed. */
  #destroyed: (() => void) | undefined;

  constructor(connection: Connection) {
    // Not `autoDestroy`: that would drop what the connection has still to send.
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#connection = connection;
    // An object of its own, because `closed` means something else on a stream.
    connection.handler = {
      data: (bytes, start, end) => this.#onData(bytes, start, end),
      drained: () => this.#onDrained(),
      ended: () => this.push(null),
      closed: (error) => this.#onClosed(error),
    };
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#connection.write(chunk)) done();
    else this.#written = done;
  }

  override _final(done: Done): void {
    this.#connection.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#written?.(error ?? new Error('The stream was destroyed before the write had finished.'));
    this.#written = undefined;
    if (this.#connectionClosed) {
      done(error);
      return;
    }
    this.#destroyed = () => done(error);
    this.#connection.destroy(error ?? undefined);
  }

  #onData(bytes: Buffer, start: number, end: number): void {
    if (!this.push(Buffer.copyBytesFrom(bytes, start, end - start))) this.#connection.pause();
  }

  #onDrained(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  #onClosed(error: Error | undefined): void {
    this.#connectionClosed = true;
    if (this.#destroyed !== undefined) this.#destroyed();
    else if (error === undefined && this.readable) this.once('end', () => this.destroy());
    else this.destroy(error);
  }
}
