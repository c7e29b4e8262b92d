import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import type { Connection, ConnectionHandler } from '../../base/connection.ts';
import { errnoError, fromErrno } from '../../base/errno.ts';
import { transportChannel } from '../../diagnostics/channels.ts';
import { queuedBytes } from '../../limits/queued/queued-bytes.ts';
import { isOver, type Life } from '../life.ts';
import { publishClosed } from '../publish-closed.ts';
import type { Drain, Reading } from './memory-state.ts';

/** What schedules and delivers the events of connections in memory. */
export interface Pump {
  /** Bytes on their way in one direction before the sender is told to wait. */
  readonly window: number;
  /**
   * Whether the peer of an end of this pump is told that the end is closed as soon as it has read what is there. Over a network
   * the peer learns that when it writes, because until then the end may only have finished sending.
   */
  readonly tellsClosed?: boolean;
  /** Runs `task` in the next event-loop iteration, after all that was scheduled before it. */
  schedule(task: () => void): void;
  /** Delivers the next bytes of `end` to its handler. */
  deliver(end: MemoryConnection): void;
  opened(end: MemoryConnection): void;
  /** `end` is closed, and its handler knows. */
  closed(end: MemoryConnection): void;
}

/** Unread writes after which they are joined, because many short ones need more memory than their bytes. */
const MANY_PIECES = 64;

/** Makes the two ends of one connection. */
export function connectEnds(one: MemoryConnection, other: MemoryConnection): void {
  one.peer = other;
  other.peer = one;
}

/**
 * One end of a connection in memory. What the peer writes waits here until this end reads it. Its state is {@link Reading} × {@link Life}
 * × {@link Drain}.
 */
export class MemoryConnection implements Connection {
  readonly local: SockAddr;
  readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;
  /** Set once by {@link connectEnds}. */
  peer!: MemoryConnection;
  /** Bytes that the peer wrote and this end has not read. */
  unread = 0;
  list: object | undefined = undefined;
  older: MemoryConnection | undefined = undefined;
  newer: MemoryConnection | undefined = undefined;

  readonly #pump: Pump;
  #inbox: Buffer[] = [];
  /** Where the unread part of the first buffer begins. */
  #offset = 0;
  #scheduled = false;
  #paused = true;
  #reading: Reading = 'open';
  #life: Life = 'open';
  #drain: Drain = 'none';
  #error: Error | undefined = undefined;
  /** Why what was written could not be delivered. This end closes with it once it has read what is there. */
  #broken: Error | undefined = undefined;

  constructor(pump: Pump, local: SockAddr, remote: SockAddr) {
    this.#pump = pump;
    this.local = local;
    this.remote = remote;
    pump.opened(this);
  }

  get queued(): number {
    return isOver(this.#life) ? 0 : Math.max(0, this.peer.unread - this.#pump.window);
  }

  unacknowledged(): number {
    return isOver(this.#life) ? 0 : Math.min(this.peer.unread, this.#pump.window);
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.#life !== 'open' || this.#broken !== undefined || start >= end) return true;
    if (isOver(this.peer.#life)) {
      this.#break('EPIPE');
      return true;
    }
    this.peer.#receive(Buffer.from(bytes.subarray(start, end)));
    if (this.queued === 0) return true;
    this.#drain = 'awaited';
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#life !== 'open') return;
    this.#life = 'finished';
    this.peer.#receiveEnd();
    this.#schedule();
  }

  destroy(error?: Error): void {
    if (isOver(this.#life)) return;
    const unsent = this.queued;
    const peer = this.peer;
    const isTold = this.#pump.tellsClosed === true || peer.queued > 0;
    this.#close(error);
    if (isOver(peer.#life)) return;
    if (error !== undefined) {
      peer.#close(fromErrno(errnoError('ECONNRESET', 'read'), 'read', peer.remote));
      return;
    }
    peer.#dropLast(unsent);
    peer.#receiveEnd();
    if (isTold) peer.#break('ECONNRESET');
  }

  /** As if the peer had finished sending: what is unread is delivered, what it still writes is dropped. */
  hangUp(): void {
    if (!isOver(this.#life)) this.#receiveEnd();
  }

  /** For the pump: the next unread bytes, as they were written. */
  take(): Buffer {
    const first = this.#inbox.shift();
    if (first === undefined) throw new RangeError('there is nothing to take');
    this.#count(-first.length);
    this.peer.#room();
    return first;
  }

  /** For the pump: moves `length` unread bytes into `buffer`. */
  takeInto(buffer: Buffer, at: number, length: number): void {
    let taken = 0;
    while (taken < length) {
      const first = this.#inbox[0];
      if (first === undefined) throw new RangeError('more bytes taken than there are');
      const count = first.copy(buffer, at + taken, this.#offset, this.#offset + length - taken);
      taken += count;
      this.#offset += count;
      if (this.#offset === first.length) {
        this.#inbox.shift();
        this.#offset = 0;
      }
    }
    this.#count(-length);
    this.peer.#room();
  }

  #count(bytes: number): void {
    this.unread += bytes;
    queuedBytes.add(bytes);
  }

  #receive(bytes: Buffer): void {
    if (this.#reading !== 'open') return;
    if (this.#inbox.push(bytes) > MANY_PIECES) {
      const [first = bytes, ...others] = this.#inbox;
      this.#inbox = [Buffer.concat([first.subarray(this.#offset), ...others])];
      this.#offset = 0;
    }
    this.#count(bytes.length);
    if (!this.#paused) this.#schedule();
  }

  #receiveEnd(): void {
    if (this.#reading === 'open') this.#reading = 'eof-pending';
    this.#schedule();
  }

  /** The peer closed before these bytes were sent. */
  #dropLast(count: number): void {
    this.#count(-count);
    let left = count;
    while (left > 0) {
      const last = this.#inbox.pop();
      if (last === undefined) return;
      if (last.length > left) this.#inbox.push(last.subarray(0, last.length - left));
      left -= last.length;
    }
  }

  /** The peer has read something. */
  #room(): void {
    if (isOver(this.#life) || this.queued > 0) return;
    if (this.#drain === 'awaited') this.#drain = 'due';
    else if (this.#life === 'open') return;
    this.#schedule();
  }

  #break(errno: string): void {
    this.#broken = fromErrno(errnoError(errno, 'write'), 'write', this.remote);
    this.#schedule();
  }

  #close(error: Error | undefined): void {
    this.#life = 'closed';
    this.#error = error;
    this.#inbox.length = 0;
    this.#offset = 0;
    this.#count(-this.unread);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#life === 'told') return;
    this.#scheduled = true;
    this.#pump.schedule(this.#deliver);
  }

  /** Delivers one event. Each has a task of its own, because its handler may change everything. */
  readonly #deliver = (): void => {
    this.#scheduled = false;
    if (this.#life === 'closed') this.#deliverClosed();
    else if (this.#drain === 'due') this.#deliverDrained();
    else if (!this.#paused && this.unread > 0) this.#deliverData();
    else if (!this.#paused && this.#reading === 'eof-pending') this.#deliverEnded();
    else if (this.#reading === 'ended' && this.#life === 'finished' && this.queued === 0) this.#close(undefined);
    else if (this.#broken !== undefined) this.#close(this.#broken);
  };

  #deliverData(): void {
    this.#schedule();
    this.#pump.deliver(this);
  }

  #deliverDrained(): void {
    this.#drain = 'none';
    this.#schedule();
    this.handler.drained();
  }

  #deliverEnded(): void {
    this.#reading = 'ended';
    this.#schedule();
    this.handler.ended();
  }

  #deliverClosed(): void {
    this.#life = 'told';
    const handler = this.handler;
    this.handler = ignoreEvents;
    this.#pump.closed(this);
    if (transportChannel.hasSubscribers) publishClosed('memory', this, this.#error);
    if (this.#error === undefined) handler.closed();
    else handler.closed(this.#error);
  }
}
