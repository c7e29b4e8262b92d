import { fstatSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import type { SockAddr } from '../../../base/address.ts';
import { MAX_EVENTS, RECEIVE_LENGTH, RECEIVED_LENGTH } from './system.ts';
import type { LoopWatch, Pipe, SocketOption, System } from './system.ts';

const { ENOPROTOOPT, EPERM } = constants.errno;

/**
 * A system that checks its callers and the kernel, for tests (`INBAND_EPOLL_CHECK=1`). Before each call it asks the kernel whether
 * the descriptor is open, is a socket, was made here, and was not closed and made anew by other code. It checks every bound
 * and every result. What it finds wrong is a bug of this transport and ends the process.
 */
export class CheckedSystem implements System {
  readonly received: Buffer;
  readonly staged: Buffer;
  readonly #system: System;
  /** The inode of each socket and of each end of a pipe that is open, by descriptor. */
  readonly #inodes = new Map<number, number>();
  #epoll: string | undefined = undefined;
  #filled = 0;

  constructor(system: System) {
    this.#system = system;
    this.received = system.received;
    this.staged = system.staged;
    demand(this.received.length === RECEIVED_LENGTH, 'the receive buffer has another length');
  }

  socket(family: SockAddr['family']): number {
    return this.#made(this.#system.socket(family));
  }

  bind(descriptor: number, address: SockAddr): number {
    this.#owned(descriptor);
    return this.#system.bind(descriptor, address);
  }

  connect(descriptor: number, address: SockAddr): number {
    this.#owned(descriptor);
    return this.#system.connect(descriptor, address);
  }

  listen(descriptor: number, backlog: number): number {
    this.#owned(descriptor);
    return this.#system.listen(descriptor, backlog);
  }

  adopt(descriptor: number): number {
    const result = this.#system.adopt(descriptor);
    if (result >= 0) this.#made(descriptor);
    return result;
  }

  duplicate(descriptor: number): number {
    this.#owned(descriptor);
    return this.#system.duplicate(descriptor);
  }

  accept(descriptor: number): number {
    this.#owned(descriptor);
    return this.#made(this.#system.accept(descriptor));
  }

  acceptedAddress(): SockAddr | undefined {
    return this.#system.acceptedAddress();
  }

  localAddress(descriptor: number): SockAddr | undefined {
    this.#owned(descriptor);
    return this.#system.localAddress(descriptor);
  }

  originalDestination(descriptor: number, family: 'inet' | 'inet6'): SockAddr | number {
    this.#owned(descriptor);
    const result = this.#system.originalDestination(descriptor, family);
    if (typeof result === 'number') demand(Number.isInteger(result) && result < 0, `original destination ${result}`);
    else demand(result.family === family, `an original destination of the family ${result.family}`);
    return result;
  }

  receive(descriptor: number, at: number): number {
    this.#owned(descriptor);
    demand(Number.isInteger(at) && at >= 0 && at + RECEIVE_LENGTH <= this.received.length, `receiving to ${at}`);
    const result = this.#system.receive(descriptor, at);
    demand(Number.isInteger(result) && result <= RECEIVE_LENGTH, `received ${result} bytes`);
    return result;
  }

  unacknowledged(descriptor: number): number {
    this.#owned(descriptor);
    const result = this.#system.unacknowledged(descriptor);
    demand(Number.isInteger(result), `${result} bytes are not acknowledged`);
    return result;
  }

  peek(descriptor: number): number {
    this.#owned(descriptor);
    const result = this.#system.peek(descriptor);
    demand(Number.isInteger(result) && result <= 1, `looked at ${result} bytes`);
    return result;
  }

  send(descriptor: number, bytes: Uint8Array, start: number, end: number): number {
    this.#owned(descriptor);
    demand(bytes instanceof Uint8Array && bytes.buffer.byteLength >= bytes.byteOffset + bytes.length, 'no bytes');
    const whole = Number.isInteger(start) && Number.isInteger(end);
    demand(whole && start >= 0 && start < end && end <= bytes.length, `bytes ${start} to ${end} of ${bytes.length}`);
    const result = this.#system.send(descriptor, bytes, start, end);
    demand(Number.isInteger(result) && result !== 0 && result <= end - start, `sent ${result} of ${end - start} bytes`);
    return result;
  }

  sendStaged(descriptor: number, start: number, end: number): number {
    this.#owned(descriptor);
    const whole = Number.isInteger(start) && Number.isInteger(end);
    demand(whole && start >= 0 && start < end && end <= this.staged.length, `staged bytes ${start} to ${end}`);
    const result = this.#system.sendStaged(descriptor, start, end);
    demand(Number.isInteger(result) && result !== 0 && result <= end - start, `sent ${result} of ${end - start} bytes`);
    return result;
  }

  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number {
    this.#owned(descriptor);
    const whole = [start, end, from, to].every((position) => Number.isInteger(position) && position >= 0);
    demand(whole && start <= end && end <= this.staged.length, `staged bytes ${start} to ${end}`);
    demand(from < to && to <= this.received.length, `received bytes ${from} to ${to}`);
    const result = this.#system.sendJoined(descriptor, start, end, from, to);
    const length = end - start + to - from;
    demand(Number.isInteger(result) && result !== 0 && result <= length, `sent ${result} of ${length} bytes`);
    return result;
  }

  finish(descriptor: number): number {
    this.#owned(descriptor);
    return this.#system.finish(descriptor);
  }

  setOption(descriptor: number, option: SocketOption, value: number): number {
    this.#owned(descriptor);
    const result = this.#system.setOption(descriptor, option, value);
    // Without the privilege, or on a kernel without it.
    const forbidden = option.privileged === true && (result === -EPERM || result === -ENOPROTOOPT);
    demand(result === 0 || forbidden, `the socket option ${option.level}/${option.name} was refused: errno ${-result}`);
    return result;
  }

  isAcceptQueueFull(descriptor: number): boolean {
    this.#owned(descriptor);
    return this.#system.isAcceptQueueFull(descriptor);
  }

  getOption(descriptor: number, option: SocketOption): number {
    this.#owned(descriptor);
    return this.#system.getOption(descriptor, option);
  }

  resetOnClose(descriptor: number): number {
    this.#owned(descriptor);
    const result = this.#system.resetOnClose(descriptor);
    demand(result === 0, `SO_LINGER was refused with errno ${-result}`);
    return result;
  }

  close(descriptor: number): number {
    this.#owned(descriptor);
    this.#inodes.delete(descriptor);
    const result = this.#system.close(descriptor);
    demand(result === 0, `closing failed with errno ${-result}`);
    return result;
  }

  createPipe(length: number): Pipe | number {
    const pipe = this.#system.createPipe(length);
    if (typeof pipe === 'number') return pipe;
    demand(pipe.length > 0 && pipe.read !== pipe.write, 'a pipe without length or with one end');
    for (const end of [pipe.read, pipe.write]) {
      demand(!this.#inodes.has(end), `the descriptor ${end} was given out twice`);
      const status = fstatSync(end);
      demand(status.isFIFO(), `the descriptor ${end} is no pipe`);
      this.#inodes.set(end, status.ino);
    }
    return pipe;
  }

  splice(from: number, to: number, length: number): number {
    this.#owned(from);
    this.#owned(to);
    demand(Number.isInteger(length) && length > 0, `splicing ${length} bytes`);
    const result = this.#system.splice(from, to, length);
    demand(Number.isInteger(result) && result <= length, `spliced ${result} of ${length} bytes`);
    return result;
  }

  releaseMemory(): void {
    this.#system.releaseMemory();
  }

  createEpoll(): number {
    const epoll = this.#system.createEpoll();
    if (epoll >= 0) this.#epoll = `/proc/self/fd/${epoll}`;
    return epoll;
  }

  watch(epoll: number, descriptor: number, events: number, generation: number): number {
    this.#isEpoll(epoll);
    this.#owned(descriptor);
    return this.#system.watch(epoll, descriptor, events, generation);
  }

  rewatch(epoll: number, descriptor: number, events: number, generation: number): number {
    this.#isEpoll(epoll);
    this.#owned(descriptor);
    const result = this.#system.rewatch(epoll, descriptor, events, generation);
    demand(result === 0, `watching ${descriptor} for other events failed with errno ${-result}`);
    return result;
  }

  unwatch(epoll: number, descriptor: number): number {
    this.#isEpoll(epoll);
    this.#owned(descriptor);
    const result = this.#system.unwatch(epoll, descriptor);
    demand(result === 0, `taking ${descriptor} out of the epoll set failed with errno ${-result}`);
    return result;
  }

  wait(epoll: number, milliseconds: number): number {
    this.#isEpoll(epoll);
    const count = this.#system.wait(epoll, milliseconds);
    demand(Number.isInteger(count) && count <= MAX_EVENTS, `${count} events`);
    this.#filled = Math.max(count, 0);
    return count;
  }

  now(): number {
    return this.#system.now();
  }

  eventMask(index: number): number {
    this.#isEvent(index);
    return this.#system.eventMask(index);
  }

  eventDescriptor(index: number): number {
    this.#isEvent(index);
    return this.#system.eventDescriptor(index);
  }

  eventGeneration(index: number): number {
    this.#isEvent(index);
    return this.#system.eventGeneration(index);
  }

  joinLoop(epoll: number): LoopWatch {
    this.#isEpoll(epoll);
    return this.#system.joinLoop(epoll);
  }

  #made(descriptor: number): number {
    if (descriptor < 0) return descriptor;
    demand(!this.#inodes.has(descriptor), `the descriptor ${descriptor} was given out twice`);
    const status = fstatSync(descriptor);
    demand(status.isSocket(), `the descriptor ${descriptor} is no socket`);
    this.#inodes.set(descriptor, status.ino);
    return descriptor;
  }

  #owned(descriptor: number): void {
    const inode = this.#inodes.get(descriptor);
    demand(inode !== undefined, `the descriptor ${descriptor} is not ours`);
    demand(inodeOf(descriptor) === inode, `the descriptor ${descriptor} is closed, or belongs to other code by now`);
  }

  #isEpoll(epoll: number): void {
    demand(this.#epoll === `/proc/self/fd/${epoll}`, `the descriptor ${epoll} is not the epoll set`);
    demand(readlinkSync(this.#epoll ?? '').includes('eventpoll'), `the descriptor ${epoll} is no epoll set`);
  }

  #isEvent(index: number): void {
    demand(Number.isInteger(index) && index >= 0 && index < this.#filled, `there is no event ${index}`);
  }
}

function inodeOf(descriptor: number): number | undefined {
  try {
    return fstatSync(descriptor).ino;
  } catch {
    return undefined;
  }
}

function demand(holds: boolean, what: string): asserts holds {
  if (holds) return;
  // An exception might be caught, and the process go on with a broken transport.
  console.error(new Error(`The epoll transport is broken: ${what}`));
  process.abort();
}
