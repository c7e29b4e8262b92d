import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { SockAddr } from '../src/base/address.ts';
import { EpollConnection } from '../src/transport/epoll/connection/connection.ts';
import { received } from '../src/transport/epoll/poller/outcome.ts';
import type { Outcome } from '../src/transport/epoll/poller/outcome.ts';
import { Poller } from '../src/transport/epoll/poller/poller.ts';
import { Watched } from '../src/transport/epoll/poller/watched.ts';
import { EVENT_IN, RECEIVED_LENGTH, STAGING_LENGTH } from '../src/transport/epoll/system/system.ts';
import type { LoopWatch, Pipe, SocketOption, System } from '../src/transport/epoll/system/system.ts';

const { EAGAIN, EMFILE, ENOENT } = constants.errno;

/** The peer of every scripted connection. */
export const REMOTE = { family: 'inet', address: '127.0.0.1', port: 7 } as const;

/** What `wait` reports of a descriptor. */
export interface Event {
  readonly mask: number;
  readonly descriptor: number;
  readonly generation: number;
}

/** A kernel that does what a test says, for what a real one does only by chance. */
export class ScriptedSystem implements System {
  readonly received = Buffer.alloc(RECEIVED_LENGTH);
  readonly staged = Buffer.alloc(STAGING_LENGTH);
  /** What `receive`, `send` and `accept` return one after the other, then EAGAIN. */
  readonly receives: number[] = [];
  readonly sends: number[] = [];
  readonly accepts: number[] = [];
  readonly batches: Event[][] = [];
  readonly closed: number[] = [];
  readonly sent: string[] = [];
  readonly generations = new Map<number, number>();
  referenced = true;
  #batch: Event[] = [];

  socket = (): number => 3;
  bind = (): number => 0;
  connect = (): number => 0;
  listen = (): number => 0;
  adopt = (): number => 0;
  duplicate = (descriptor: number): number => descriptor + 1000;
  unwatch = (): number => 0;
  finish(): number {
    this.sent.push('FIN');
    return 0;
  }

  /** Errnos of the options that are refused, by `level/name`. */
  readonly refused = new Map<string, number>();
  setOption = (_descriptor: number, { level, name }: SocketOption): number => {
    return -(this.refused.get(`${level}/${name}`) ?? 0);
  };
  getOption = (): number => 0;
  isQueueFull = true;
  isAcceptQueueFull = (): boolean => this.isQueueFull;
  /** Ends of the pipes that were made; pipes are refused while it is undefined. */
  pipes: Pipe[] | undefined = undefined;
  /** What `splice` returns one after the other, then EAGAIN. */
  readonly splices: number[] = [];
  readonly spliced: string[] = [];
  createEpoll = (): number => 99;
  releaseMemory = (): void => undefined;
  acceptedAddress = (): SockAddr => REMOTE;
  localAddress = (): SockAddr => ({ ...REMOTE, port: 8 });
  /** What the packet filter remembers; nothing while it is a number. */
  destination: SockAddr | number = -ENOENT;
  originalDestination = (): SockAddr | number => this.destination;
  readonly resets: number[] = [];

  resetOnClose(descriptor: number): number {
    this.resets.push(descriptor);
    return 0;
  }

  accept(): number {
    return this.accepts.shift() ?? -EAGAIN;
  }

  onReceive: (at: number, length: number) => void = () => undefined;

  receive(_descriptor: number, at: number): number {
    const length = this.receives.shift() ?? -EAGAIN;
    if (length > 0) this.onReceive(at, length);
    return length;
  }

  unacknowledged = (): number => 0;
  /** What `peek` returns. */
  peeked = -EAGAIN;
  peek = (): number => this.peeked;

  send(_descriptor: number, bytes: Uint8Array, start: number, end: number): number {
    const result = Math.min(this.sends.shift() ?? end - start, end - start);
    if (result > 0) this.sent.push(Buffer.from(bytes.subarray(start, start + result)).toString());
    return result;
  }

  sendStaged(descriptor: number, start: number, end: number): number {
    return this.send(descriptor, this.staged, start, end);
  }

  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number {
    const both = Buffer.concat([this.staged.subarray(start, end), this.received.subarray(from, to)]);
    return this.send(descriptor, both, 0, both.length);
  }

  createPipe(length: number): Pipe | number {
    if (this.pipes === undefined) return -EMFILE;
    const read = 200 + 2 * this.pipes.length;
    const pipe = { read, write: read + 1, length };
    this.pipes.push(pipe);
    return pipe;
  }

  splice(from: number, to: number, length: number): number {
    const result = Math.min(this.splices.shift() ?? -EAGAIN, length);
    this.spliced.push(`${from}→${to}: ${result}`);
    return result;
  }

  close(descriptor: number): number {
    this.closed.push(descriptor);
    return 0;
  }

  watch(_epoll: number, descriptor: number, _events: number, generation: number): number {
    this.generations.set(descriptor, generation);
    return 0;
  }

  /** Who listens to what, in the order of the changes. */
  readonly rewatched: string[] = [];

  rewatch(_epoll: number, descriptor: number, events: number): number {
    this.rewatched.push(`${descriptor}: ${(events & EVENT_IN) === 0 ? 'room' : 'everything'}`);
    return 0;
  }

  /** The times that were offered to each call of `wait`. */
  readonly waits: number[] = [];

  wait(_epoll: number, milliseconds: number): number {
    this.waits.push(milliseconds);
    this.#batch = this.batches.shift() ?? [];
    return this.#batch.length;
  }

  /** What the clock says. It stands still unless a test moves it. */
  time = 0;
  now = (): number => this.time;

  eventMask = (index: number): number => this.#batch[index]?.mask ?? 0;
  eventDescriptor = (index: number): number => this.#batch[index]?.descriptor ?? 0;
  eventGeneration = (index: number): number => this.#batch[index]?.generation ?? 0;

  joinLoop(): LoopWatch {
    return {
      ref: () => void (this.referenced = true),
      unref: () => void (this.referenced = false),
    };
  }

  /** An event of whoever has the descriptor now. */
  event(descriptor: number, mask: number): Event {
    return { mask, descriptor, generation: this.generations.get(descriptor) ?? 0 };
  }

  /** Has the loop see these events, and waits until they are handled. */
  async happens(...events: Event[]): Promise<void> {
    this.batches.push(events);
    await nextIteration();
    await nextIteration();
  }
}

/** Whoever owns a descriptor and only records what it is called for. */
export class Recorder extends Watched {
  readonly masks: number[] = [];
  worked = 0;
  readonly #react: (() => void) | undefined;
  /** Bytes that each event and each piece of work receives. */
  readonly #bytes: number;

  constructor(react?: () => void, bytes = 0) {
    super();
    this.#react = react;
    this.#bytes = bytes;
  }

  override onEvents(mask: number): Outcome {
    this.masks.push(mask);
    this.#react?.();
    return received(this.#bytes);
  }

  override onWork(): Outcome {
    this.worked += 1;
    return received(this.#bytes);
  }
}

/** A poller over a scripted system, which refuses steps that cannot be. */
export function scripted() {
  const system = new ScriptedSystem();
  const poller = new Poller(system, true);
  // One that watches anything runs in every iteration of the loop for as long as the process runs, which other tests share.
  onTestFinished(() => {
    for (const descriptor of system.generations.keys()) poller.set.close(descriptor);
  });
  const connect = (descriptor = 5): EpollConnection => {
    const connection = new EpollConnection(poller, descriptor, REMOTE);
    poller.set.add(descriptor, connection);
    return connection;
  };
  return { system, poller, connect };
}

/** What the owner of a connection hears, in order. */
export function record(connection: EpollConnection): string[] {
  const events: string[] = [];
  connection.handler = {
    data: (_bytes, start, end) => void events.push(`data ${end - start}`),
    forwarded: (bytes) => void events.push(`forwarded ${bytes}`),
    drained: () => void events.push('drained'),
    ended: () => void events.push('ended'),
    closed: (error) => void events.push(error === undefined ? 'closed' : `closed: ${error.message}`),
  };
  return events;
}

/** Two connections whose events are recorded: a sender that is read from, and a receiver. */
export function pair() {
  const made = scripted();
  const sender = made.connect(5);
  const receiver = made.connect(6);
  const events = record(sender);
  const receiverEvents = record(receiver);
  sender.resume();
  return { ...made, sender, receiver, events, receiverEvents };
}
