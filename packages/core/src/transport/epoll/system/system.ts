import type { SockAddr } from '../../../base/address.ts';

/** What happened to a descriptor, as bits (`EPOLLIN` and so on). */
export const EVENT_IN = 0x001;
export const EVENT_OUT = 0x004;
export const EVENT_ERR = 0x008;
export const EVENT_HUP = 0x010;
export const EVENT_RDHUP = 0x2000;
/** Told once per change, not as long as it lasts (`EPOLLET`). */
export const EDGE_TRIGGERED = 0x8000_0000;

/** Bytes that one call of `receive` takes at most. */
export const RECEIVE_LENGTH = 256 * 1024;

/**
 * Bytes that were received and wait to be sent on, after which they are sent though the event-loop iteration goes on. With more, they have left the
 * processor's cache of a core when the kernel copies them again.
 */
const MOST_KEPT = 96 * 1024;

/** Bytes of the receive buffer. It holds those of several calls, one behind the other, while they wait to be sent on. */
export const RECEIVED_LENGTH = MOST_KEPT + RECEIVE_LENGTH;

/** Bytes of all connections together that wait at most for the end of the event-loop iteration. */
export const STAGING_LENGTH = 512 * 1024;

/** Milliseconds that `wait` waits at most, because nothing else happens in the process meanwhile. */
export const MOST_WAITED = 1;

/** Events that one call of `wait` takes at most. */
export const MAX_EVENTS = 256;

/** An option of a socket whose value is an `int`. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
  /** Set only by a process with CAP_NET_ADMIN or CAP_NET_RAW; for others it is EPERM. */
  readonly privileged?: true;
}

export const SO_REUSEADDR: SocketOption = { level: 1, name: 2 };
export const SO_REUSEPORT: SocketOption = { level: 1, name: 15 };
export const SO_ERROR: SocketOption = { level: 1, name: 4 };
export const SO_ACCEPTCONN: SocketOption = { level: 1, name: 30 };
export const TCP_NODELAY: SocketOption = { level: 6, name: 1 };
export const SO_KEEPALIVE: SocketOption = { level: 1, name: 9 };
export const TCP_KEEPIDLE: SocketOption = { level: 6, name: 4 };
export const TCP_KEEPINTVL: SocketOption = { level: 6, name: 5 };
export const TCP_KEEPCNT: SocketOption = { level: 6, name: 6 };
/** Acknowledges now what was received. It lasts until the next bytes are sent, so it is set again and again. */
export const TCP_QUICKACK: SocketOption = { level: 6, name: 12 };
export const IP_BIND_ADDRESS_NO_PORT: SocketOption = { level: 0, name: 24 };
/** May bind to addresses that are not this machine's, and accept connections to them. */
export const IP_TRANSPARENT: SocketOption = { level: 0, name: 19, privileged: true };
export const IPV6_TRANSPARENT: SocketOption = { level: 41, name: 75, privileged: true };
export const IPV6_V6ONLY: SocketOption = { level: 41, name: 26 };

/** A pipe(2): memory of the kernel in which bytes wait on their way from one socket to another. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
  /** Bytes that it holds at most. */
  readonly length: number;
}

/** It ends the wait of Node's event loop whenever the epoll set has events, and keeps the process alive until `unref`. */
export interface LoopWatch {
  ref(): void;
  unref(): void;
}

/**
 * The system calls that this transport makes. Nothing else of it is unsafe. A result below zero is a negated errno. Descriptors
 * are close-on-exec and non-blocking. A call with bytes out of bounds throws a `RangeError` before it reaches the system.
 */
export interface System {
  /** Where `receive` puts what it received: one buffer for the process. */
  readonly received: Buffer;
  /** A stream socket for addresses like this one. */
  socket(family: SockAddr['family']): number;
  bind(descriptor: number, address: SockAddr): number;
  connect(descriptor: number, address: SockAddr): number;
  listen(descriptor: number, backlog: number): number;
  /** Makes a descriptor that this transport has not made close-on-exec and non-blocking, and takes it over. */
  adopt(descriptor: number): number;
  /** Another descriptor of the same socket. It belongs to the caller and not to this transport. */
  duplicate(descriptor: number): number;
  /** The next connection of a listening socket. */
  accept(descriptor: number): number;
  /** The address of the client, after an `accept` that succeeded and before the next one. */
  acceptedAddress(): SockAddr | undefined;
  localAddress(descriptor: number): SockAddr | undefined;
  /**
   * Where a connection was going before the packet filter redirected it here (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST).
   * `family` is that of the packets, not of the socket. The connection's own local address if nothing redirected it.
   */
  originalDestination(descriptor: number, family: 'inet' | 'inet6'): SockAddr | number;
  /** Receives up to {@link RECEIVE_LENGTH} bytes into `received` from `at` on; 0 is the peer's end. */
  receive(descriptor: number, at: number): number;
  /** What `receive` would return, at most 1; the byte stays where it is. */
  peek(descriptor: number): number;
  /** Bytes that were sent and the peer has not acknowledged (SIOCOUTQ). */
  unacknowledged(descriptor: number): number;
  /** Sends `bytes[start..end)`, or as much of it as the kernel takes. */
  send(descriptor: number, bytes: Uint8Array, start: number, end: number): number;
  /** The staging buffer, from which `sendStaged` and `sendJoined` send: one for the process. */
  readonly staged: Buffer;
  /** Sends `staged[start..end)`, or as much of it as the kernel takes. */
  sendStaged(descriptor: number, start: number, end: number): number;
  /**
   * Sends `staged[start..end)` and behind it `received[from..to)` in one call (writev(2)), or as much of them as the kernel takes.
   * The first may be empty.
   */
  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number;
  /** Sends FIN after what was sent. */
  finish(descriptor: number): number;
  setOption(descriptor: number, option: SocketOption, value: number): number;
  getOption(descriptor: number, option: SocketOption): number;
  /** Whether three quarters of the accept queue of a listening socket are used. False for a Unix socket, of which it is not known. */
  isAcceptQueueFull(descriptor: number): boolean;
  /** Makes `close` send a reset instead of FIN, and drop what was not sent yet. */
  resetOnClose(descriptor: number): number;
  close(descriptor: number): number;
  /** A pipe that holds `length` bytes, or fewer if the system does not permit as many. */
  createPipe(length: number): Pipe | number;
  /** Moves up to `length` bytes between a socket and a pipe without copying them (splice(2)). 0 is the peer's end. */
  splice(from: number, to: number, length: number): number;

  /** Gives memory that was freed back to the kernel (malloc_trim(3)). It does nothing where the C library cannot. */
  releaseMemory(): void;
  createEpoll(): number;
  /** Adds a descriptor to the epoll set; its events carry `generation`. */
  watch(epoll: number, descriptor: number, events: number, generation: number): number;
  /** Changes the events that are watched for. What is the case already is told once more. */
  rewatch(epoll: number, descriptor: number, events: number, generation: number): number;
  /**
   * Takes a descriptor out of the epoll set. Only needed for a socket of which other processes have descriptors, because closing
   * the last one does it, too.
   */
  unwatch(epoll: number, descriptor: number): number;
  /**
   * Takes up to {@link MAX_EVENTS} events, and waits {@link MOST_WAITED} milliseconds at most for the first. They are
   * readable by index until the next call.
   */
  wait(epoll: number, milliseconds: number): number;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  eventMask(index: number): number;
  eventDescriptor(index: number): number;
  eventGeneration(index: number): number;
  /**
   * Has Node's event loop begin an iteration whenever the epoll set has events. Nothing is called for it. Called once in the
   * life of a process.
   */
  joinLoop(epoll: number): LoopWatch;
}
