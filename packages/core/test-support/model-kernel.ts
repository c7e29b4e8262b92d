import { constants } from 'node:os';
import type { SockAddr } from '../src/base/address.ts';
import {
  EVENT_ERR,
  EVENT_HUP,
  EVENT_IN,
  EVENT_OUT,
  EVENT_RDHUP,
  RECEIVE_LENGTH,
  RECEIVED_LENGTH,
  STAGING_LENGTH,
} from '../src/transport/epoll/system/system.ts';
import type { LoopWatch, Pipe, System } from '../src/transport/epoll/system/system.ts';

const { EAGAIN, ECONNRESET, EINTR, EMFILE, EPIPE } = constants.errno;

const ADDRESS: SockAddr = { family: 'inet', address: '127.0.0.1', port: 7 };
const PIPE_LENGTH = 64 * 1024;

// What is received and sent is only counted, so that all kernels can share this memory.
const RECEIVED = Buffer.alloc(RECEIVED_LENGTH);
const STAGED = Buffer.alloc(STAGING_LENGTH);

/** A connected socket as the kernel has it. A test speaks for the peer, and makes room. */
export class ModelSocket {
  /** Bytes that arrived and were not read. */
  unread = 0;
  /** Bytes that can be sent. */
  room = 0;
  arrived = 0;
  sent = 0;
  isClosed = false;
  /** FIN was sent from here. */
  isFinished = false;
  #hasEnded = false;
  #error = 0;
  #isReset = false;
  #edge = true;
  generation = 0;
  #watched = 0;

  arrive(bytes: number): void {
    if (this.#hasEnded || this.#isReset) return;
    this.unread += bytes;
    this.arrived += bytes;
    this.#edge = true;
  }

  peerEnds(): void {
    this.#hasEnded = true;
    this.#edge = true;
  }

  peerResets(): void {
    if (this.#isReset) return;
    this.#isReset = true;
    this.#error = ECONNRESET;
    this.#edge = true;
  }

  makeRoom(bytes: number): void {
    this.room += bytes;
    this.#edge = true;
  }

  watch(events: number, generation: number): void {
    this.#watched = events;
    this.generation = generation;
    this.#edge = true;
  }

  /** The mask of its event, once for each change; 0 when there is none. */
  takeEvent(): number {
    if (!this.#edge) return 0;
    this.#edge = false;
    const hasEnded = this.#hasEnded || this.#isReset;
    let mask = 0;
    if (this.unread > 0 || hasEnded) mask |= EVENT_IN;
    if (this.room > 0 || this.#isReset) mask |= EVENT_OUT;
    if (hasEnded) mask |= EVENT_RDHUP;
    const always = this.#isReset || (this.#hasEnded && this.isFinished) ? EVENT_HUP : 0;
    return (mask & this.#watched) | always | (this.#error > 0 ? EVENT_ERR : 0);
  }

  take(length: number): number {
    if (this.unread === 0) {
      if (this.#error > 0) return this.#takeError();
      return this.#hasEnded || this.#isReset ? 0 : -EAGAIN;
    }
    const taken = Math.min(length, this.unread);
    this.unread -= taken;
    return taken;
  }

  send(length: number): number {
    if (this.#error > 0) return this.#takeError();
    if (this.#isReset || this.isFinished) return -EPIPE;
    if (this.room === 0) return -EAGAIN;
    const sent = Math.min(length, this.room);
    this.room -= sent;
    this.sent += sent;
    return sent;
  }

  #takeError(): number {
    const errno = this.#error;
    this.#error = 0;
    return -errno;
  }
}

/**
 * A kernel that behaves like the real one, without time: sockets tell each change once, errors are told once, nothing is sent
 * after FIN. A call with a descriptor that is not open throws.
 */
export class ModelKernel implements System {
  readonly received = RECEIVED;
  readonly staged = STAGED;
  readonly #sockets = new Map<number, ModelSocket>();
  /** Calls to come that a signal interrupts. */
  interruptions = 0;
  hasPipes = true;
  /** Bytes in each pipe, by both of its ends. */
  readonly #pipes = new Map<number, { held: number }>();
  #nextDescriptor = 5;
  #events: [mask: number, descriptor: number, generation: number][] = [];

  connected(): number {
    const descriptor = this.#nextDescriptor++;
    this.#sockets.set(descriptor, new ModelSocket());
    return descriptor;
  }

  get openSockets(): number {
    return [...this.#sockets.values()].filter(({ isClosed }) => !isClosed).length;
  }

  get openPipes(): number {
    return this.#pipes.size / 2;
  }

  /** The socket behind a descriptor, whether or not it is open. */
  at(descriptor: number): ModelSocket {
    const socket = this.#sockets.get(descriptor);
    if (socket === undefined) throw new Error(`The descriptor ${descriptor} was never open`);
    return socket;
  }

  #socket(descriptor: number): ModelSocket {
    const socket = this.at(descriptor);
    if (socket.isClosed) throw new Error(`The descriptor ${descriptor} is closed`);
    return socket;
  }

  #isInterrupted(): boolean {
    if (this.interruptions === 0) return false;
    this.interruptions -= 1;
    return true;
  }

  receive(descriptor: number): number {
    const socket = this.#socket(descriptor);
    return this.#isInterrupted() ? -EINTR : socket.take(RECEIVE_LENGTH);
  }

  unacknowledged = (): number => 0;

  peek(descriptor: number): number {
    return this.#socket(descriptor).unread > 0 ? 1 : -EAGAIN;
  }

  send(descriptor: number, _bytes: Uint8Array, start: number, end: number): number {
    const socket = this.#socket(descriptor);
    return this.#isInterrupted() ? -EINTR : socket.send(end - start);
  }

  sendStaged(descriptor: number, start: number, end: number): number {
    return this.send(descriptor, STAGED, start, end);
  }

  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number {
    return this.send(descriptor, STAGED, 0, end - start + to - from);
  }

  finish(descriptor: number): number {
    this.#socket(descriptor).isFinished = true;
    return 0;
  }

  resetOnClose(descriptor: number): number {
    this.#socket(descriptor);
    return 0;
  }

  close(descriptor: number): number {
    if (!this.#pipes.delete(descriptor)) this.#socket(descriptor).isClosed = true;
    return 0;
  }

  createPipe(): Pipe | number {
    if (!this.hasPipes) return -EMFILE;
    const pipe = { held: 0 };
    const read = this.#nextDescriptor++;
    const write = this.#nextDescriptor++;
    this.#pipes.set(read, pipe).set(write, pipe);
    return { read, write, length: PIPE_LENGTH };
  }

  splice(from: number, to: number, length: number): number {
    const source = this.#pipes.get(from);
    if (this.#isInterrupted()) return -EINTR;
    if (source === undefined) {
      const pipe = this.#pipes.get(to);
      if (pipe === undefined) throw new Error(`The descriptor ${to} is no pipe`);
      const taken = this.#socket(from).take(Math.min(length, PIPE_LENGTH - pipe.held));
      if (taken > 0) pipe.held += taken;
      return taken;
    }
    const moved = this.#socket(to).send(Math.min(length, source.held));
    if (moved > 0) source.held -= moved;
    return moved;
  }

  watch(_epoll: number, descriptor: number, events: number, generation: number): number {
    this.#socket(descriptor).watch(events, generation);
    return 0;
  }

  adopt(descriptor: number): number {
    this.#socket(descriptor);
    return 0;
  }

  duplicate(): number {
    return -EMFILE;
  }

  unwatch(_epoll: number, descriptor: number): number {
    this.#socket(descriptor);
    return 0;
  }

  rewatch(epoll: number, descriptor: number, events: number, generation: number): number {
    return this.watch(epoll, descriptor, events, generation);
  }

  now = (): number => performance.now();

  wait(): number {
    this.#events = [];
    for (const [descriptor, socket] of this.#sockets) {
      const mask = socket.isClosed ? 0 : socket.takeEvent();
      if (mask !== 0) this.#events.push([mask, descriptor, socket.generation]);
    }
    return this.#events.length;
  }

  eventMask = (index: number): number => this.#events[index]?.[0] ?? 0;
  eventDescriptor = (index: number): number => this.#events[index]?.[1] ?? 0;
  eventGeneration = (index: number): number => this.#events[index]?.[2] ?? 0;

  createEpoll = (): number => 3;
  joinLoop = (): LoopWatch => ({ ref: () => undefined, unref: () => undefined });
  socket = (): number => -EMFILE;
  bind = (): number => 0;
  connect = (): number => 0;
  listen = (): number => 0;
  accept = (): number => -EAGAIN;
  acceptedAddress = (): undefined => undefined;
  localAddress = (): SockAddr => ADDRESS;
  originalDestination = (): SockAddr => ADDRESS;
  setOption = (): number => 0;
  getOption = (): number => 0;
  isAcceptQueueFull = (): boolean => false;
  releaseMemory = (): void => undefined;
}
