import type { Duplex } from 'node:stream';
import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import type { Connection, ConnectionHandler } from '../../base/connection.ts';
import { transportChannel } from '../../diagnostics/channels.ts';
import { queuedBytes } from '../../limits/queued/queued-bytes.ts';
import { isOver, type Life } from '../life.ts';
import { publishClosed } from '../publish-closed.ts';
import type { Held } from './held.ts';

/** Bytes buffered in the stream from which on `write` returns false. */
const HIGH_WATER = 64 * 1024;

/** From the stream to its connection, so that one set of listener functions serves all streams. */
const CONNECTION = Symbol('connection');

type OwnedStream = Duplex & { [CONNECTION]: StreamConnection };

/**
 * The chunk that a handler is being called with, if its memory is not reused. Then it can be written to another connection
 * without a copy. A relay writes exactly this chunk, whole or a part of it.
 */
let dispatching: Buffer | undefined;

/**
 * A {@link Connection} over a stream of Node. It is the hot path of the `node` transport: listeners are attached once per
 * stream and shared by all streams, an event costs no closure and no object, and relayed chunks are not copied. Its state is
 * {@link Life} × {@link Held}.
 */
export abstract class StreamConnection implements Connection {
  abstract readonly local: SockAddr;
  abstract readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;
  gateIndex = -1;

  readonly #stream: Duplex;
  /** Whether it is a socket of Node, whose chunks are memory that is not reused, and whose events come later. */
  readonly #trusted: boolean;
  #paused = true;
  #life: Life = 'open';
  #held: Held = 'nothing';
  /** A `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  /** Bytes in the stream that `queuedBytes` knows of. Only of a stream that does not keep up. */
  #counted = 0;
  #error: Error | undefined = undefined;

  /** Takes over `stream`, which no other code may read, write or close from then on. */
  constructor(stream: Duplex, trusted: boolean) {
    this.#stream = stream;
    this.#trusted = trusted;
    Object.assign(stream, { [CONNECTION]: this });
    // Before the listener for data is attached, which would otherwise start the flow.
    stream.pause();
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('drain', onDrain);
    stream.on('finish', onDrain);
    stream.on('error', onError);
    stream.on('close', onClose);
  }

  /** Makes a {@link ProxyError} of an error of the stream. */
  protected abstract translate(error: Error): Error;

  /** Closes the stream so that the peer sees a reset, if there is such a thing. */
  protected abstract reset(error: Error): void;

  get queued(): number {
    return isOver(this.#life) ? 0 : this.#stream.writableLength;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.#life !== 'open' || start >= end) return true;
    const stream = this.#stream;
    stream.write(bytes === dispatching ? partOf(dispatching, start, end) : copyOf(bytes, start, end));
    // Asked after the write, because what the kernel took at once does not count.
    if (stream.writableLength < HIGH_WATER) return true;
    this.#drainDue = true;
    this.#count(stream.writableLength);
    return false;
  }

  #count(waiting: number): void {
    queuedBytes.add(waiting - this.#counted);
    this.#counted = waiting;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused || this.#life === 'told') return;
    this.#paused = false;
    if (this.#held === 'nothing') this.#stream.resume();
    else setImmediate(deliverEnd, this);
  }

  end(): void {
    if (this.#life !== 'open') return;
    this.#life = 'finished';
    this.#stream.end();
  }

  destroy(error?: Error): void {
    if (isOver(this.#life)) return;
    this.#life = 'closed';
    this.#error = error;
    // The stream is closed already, and only `closed` was held back.
    if (this.#held === 'end-and-close') return void setImmediate(deliverClosed, this);
    this.#count(0);
    if (error === undefined) this.#stream.destroy();
    else this.reset(error);
  }

  /** For {@link deliverEnd} only. */
  deliverEnd(): void {
    const held = this.#held;
    if (held === 'nothing' || this.#paused || isOver(this.#life)) return;
    this.#held = 'nothing';
    this.handler.ended();
    if (held === 'end-and-close') this.deliverClosed();
  }

  /** For {@link deliverClosed} only. */
  deliverClosed(): void {
    if (this.#life === 'told') return;
    this.#life = 'told';
    if (transportChannel.hasSubscribers) publishClosed(this.#trusted ? 'node' : 'stream', this, this.#error);
    const handler = this.handler;
    this.handler = ignoreEvents;
    if (this.#error === undefined) handler.closed();
    else handler.closed(this.#error);
  }

  /** For the listeners only. */
  onData(chunk: Buffer): void {
    // A destroyed stream may still deliver what it has buffered.
    if (isOver(this.#life)) return;
    dispatching = this.#trusted ? chunk : undefined;
    this.handler.data(chunk, 0, chunk.length);
    dispatching = undefined;
  }

  /** For the listeners only. */
  onEnd(): void {
    if (isOver(this.#life)) return;
    if (this.#paused) this.#held = 'end';
    else this.handler.ended();
  }

  /** For the listeners only. After `end` the stream says `finish`, and not `drain`, when its queue is empty. */
  onDrain(): void {
    if (!this.#drainDue || isOver(this.#life)) return;
    this.#drainDue = false;
    this.#count(0);
    this.handler.drained();
  }

  /** For the listeners only. */
  onError(error: Error): void {
    // The owner's own `destroy` has given the reason.
    if (isOver(this.#life)) return;
    this.#life = 'closed';
    this.#held = 'nothing';
    this.#count(0);
    this.#error = this.translate(error);
  }

  /** For the listeners only. */
  onClose(): void {
    this.#count(0);
    if (this.#held === 'end' && !isOver(this.#life)) this.#held = 'end-and-close';
    else if (this.#trusted) this.deliverClosed();
    // Other streams than sockets may close from within `destroy`.
    else setImmediate(deliverClosed, this);
  }
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[CONNECTION].onData(chunk);
}

function onEnd(this: OwnedStream): void {
  this[CONNECTION].onEnd();
}

function onDrain(this: OwnedStream): void {
  this[CONNECTION].onDrain();
}

function onError(this: OwnedStream, error: Error): void {
  this[CONNECTION].onError(error);
}

function onClose(this: OwnedStream): void {
  this[CONNECTION].onClose();
}

function deliverEnd(connection: StreamConnection): void {
  connection.deliverEnd();
}

function deliverClosed(connection: StreamConnection): void {
  connection.deliverClosed();
}

function partOf(chunk: Buffer, start: number, end: number): Buffer {
  return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
}

/** The stream keeps a reference to what the kernel does not take at once, so it gets memory of its own. */
function copyOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  // Works on any Uint8Array and spares the view that `set` would need.
  Buffer.prototype.copy.call(bytes, copy, 0, start, end);
  return copy;
}
