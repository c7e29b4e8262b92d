import type { SockAddr } from '../../base/address.ts';
import type { Accept, AcceptGate, ListenOptions, SharedSocket, TransportListener } from '../../base/connection.ts';
import { transportChannel } from '../../diagnostics/channels.ts';
import { sharedDescriptor } from '../shared-descriptor.ts';
import type { SocketFile } from '../socket-file.ts';
import { AcceptPace } from './accept-pace.ts';
import { EpollConnection } from './connection/connection.ts';
import { EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, systemError } from './system/errno-names.ts';
import { Interceptor } from './intercepted.ts';
import { HANDLED } from './poller/outcome.ts';
import type { Outcome } from './poller/outcome.ts';
import { Watched } from './poller/watched.ts';
import type { Poller } from './poller/poller.ts';

/** Clients that are reset in one event-loop iteration of an overload. */
const RESETS_PER_ITERATION = 256;
/** What `net.core.somaxconn` is on Linux unless it was raised. */
const LONGEST_QUEUE = 4096;
/** Milliseconds after which accepting is tried again when descriptors or memory had run out. */
const RETRY_AFTER = 100;

/** How a socket accepts clients that is open already. */
export interface AcceptOptions extends Omit<ListenOptions, 'file'> {
  readonly bind: SockAddr;
  readonly file: SocketFile | undefined;
  /** Whether the file is removed at the end. */
  readonly ownsFile: boolean;
}

const UNNAMED: SockAddr = { family: 'unix', path: '' };

/** A listening socket: accepts clients, and what it does when there are too many. It owns its descriptor (`open-listener.ts` makes it). */
export class EpollListener extends Watched implements TransportListener {
  readonly address: SockAddr;
  readonly #poller: Poller;
  readonly #accept: Accept;
  readonly #gate: AcceptGate | undefined;
  /** Of a unix socket that has one. */
  readonly #file: SocketFile | undefined;
  /** Whether the file is removed at the end. */
  readonly #ownsFile: boolean;
  /** On a transparent listener. */
  readonly #interceptor: Interceptor | undefined;
  #descriptor: number;
  /** The local address of every accepted connection. Undefined if the listener is bound to all addresses. */
  readonly #local: SockAddr | undefined;
  /** Runs while descriptors or memory have run out. */
  #retry: NodeJS.Timeout | undefined = undefined;
  readonly #pace = new AcceptPace();
  readonly #isQueueFull = (): boolean => this.#poller.system.isAcceptQueueFull(this.#descriptor);
  readonly #resume = (): void => this.#tryAgain();
  /** Whether another process has got the socket. */
  #isLent = false;
  #closing: Promise<void> | undefined = undefined;

  /** Takes over a descriptor that listens, or is going to. */
  constructor(poller: Poller, descriptor: number, options: AcceptOptions, accept: Accept) {
    super();
    const { bind, file, ownsFile } = options;
    this.#file = file;
    this.#ownsFile = ownsFile;
    this.#gate = options.gate;
    this.#poller = poller;
    this.#descriptor = descriptor;
    this.#accept = accept;
    this.address = (bind.family === 'unix' ? undefined : poller.system.localAddress(descriptor)) ?? bind;
    this.#local = isWildcard(this.address) ? undefined : this.address;
    const { transparent } = options;
    this.#interceptor = transparent && new Interceptor(poller.system, this.address, transparent, options);
  }

  share(): SharedSocket {
    const descriptor = this.#poller.system.duplicate(this.#descriptor);
    if (descriptor < 0) throw systemError(-descriptor, 'listen', this.address);
    this.#isLent = true;
    return sharedDescriptor(descriptor);
  }

  isFileThere(): boolean {
    return this.#file === undefined || this.#descriptor < 0 || this.#file.isThere();
  }

  close(isHandedOver = false): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing = promise;
    // Then no client comes any more, and those in the kernel's queue are accepted.
    if (this.#ownsFile && !isHandedOver) this.#file?.remove();
    if (!isHandedOver || !this.#isLent) this.#acceptWaiting();
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    this.#stopWaiting();
    this.#poller.set.closeShared(descriptor);
    setImmediate(resolve);
    return promise;
  }

  override onEvents(): Outcome {
    this.#acceptSome();
    return HANDLED;
  }

  override onWork(): Outcome {
    if (this.#descriptor >= 0) this.#acceptSome();
    return HANDLED;
  }

  #acceptSome(): void {
    const most = this.#pace.next();
    for (let accepted = 0; accepted < most; accepted += 1) {
      if (this.#gate?.isFull === true) {
        this.#pace.caughtUp();
        this.#gate.whenFree(this.#resume);
        return;
      }
      const descriptor = this.#poller.system.accept(this.#descriptor);
      if (descriptor >= 0) this.#take(descriptor);
      else if (descriptor === -EAGAIN) return this.#pace.caughtUp();
      else if (isExhaustion(-descriptor)) {
        this.#pace.caughtUp();
        this.#waitForDescriptors();
        return;
      }
      // Any other errno concerns one client, which is gone again.
      if (this.#descriptor < 0) return;
    }
    this.#pace.behind(this.#gate?.overloadAfter ?? Infinity, this.#isQueueFull);
    if (this.#pace.isOverloaded) this.#resetSome();
    this.#poller.queue(this);
  }

  /** Refuses clients in the kernel's queue in the way that costs least, because nobody has time for them. */
  #resetSome(): void {
    const { system } = this.#poller;
    let count = 0;
    for (; count < RESETS_PER_ITERATION; count += 1) {
      const descriptor = system.accept(this.#descriptor);
      if (descriptor < 0) break;
      system.resetOnClose(descriptor);
      system.close(descriptor);
    }
    if (count > 0) this.#gate?.overloaded(count);
  }

  /**
   * Accepts the clients in the kernel's queue, which have connected and would be reset with it. The limit of connections holds.
   * The loop is bounded because clients may come as fast as they are accepted; no queue is longer.
   */
  #acceptWaiting(): void {
    for (let accepted = 0; accepted <= LONGEST_QUEUE && this.#gate?.isFull !== true; accepted += 1) {
      const descriptor = this.#poller.system.accept(this.#descriptor);
      if (descriptor >= 0) this.#take(descriptor);
      else if (descriptor === -EAGAIN || isExhaustion(-descriptor)) return;
    }
  }

  #take(descriptor: number): void {
    const { system } = this.#poller;
    const remote = this.address.family === 'unix' ? UNNAMED : system.acceptedAddress();
    // Policy must know the client's address.
    if (remote === undefined) {
      system.close(descriptor);
      return;
    }
    if (this.#interceptor !== undefined) {
      this.#takeIntercepted(this.#interceptor, descriptor, remote);
      return;
    }
    // Asked for now where it depends on the connection, because it is not known once that is closed.
    const local = this.#local ?? system.localAddress(descriptor);
    const connection = new EpollConnection(this.#poller, descriptor, remote, local, this.#gate);
    if (this.#poller.set.add(descriptor, connection) < 0) {
      system.close(descriptor);
      return;
    }
    this.#gate?.enter(connection);
    this.#accept(connection);
  }

  #takeIntercepted(interceptor: Interceptor, descriptor: number, remote: SockAddr): void {
    const { system } = this.#poller;
    const arrival = interceptor.ask(descriptor, remote);
    if (arrival?.destination !== undefined) {
      const connection = new EpollConnection(this.#poller, descriptor, remote, arrival.local, this.#gate);
      if (this.#poller.set.add(descriptor, connection) >= 0) {
        this.#gate?.enter(connection);
        this.#accept(connection, arrival.destination);
        return;
      }
    } else system.resetOnClose(descriptor);
    system.close(descriptor);
  }

  /** Leaves clients in the kernel's queue until a descriptor of this transport is closed, or `RETRY_AFTER` has passed. */
  #waitForDescriptors(): void {
    if (this.#retry !== undefined) return;
    this.#poller.pipes.shrink();
    this.#retry = setTimeout(this.#resume, RETRY_AFTER);
    this.#poller.set.whenDescriptorFree(this.#resume);
    if (transportChannel.hasSubscribers) this.#publishExhaustion();
    this.#gate?.exhausted();
  }

  #publishExhaustion(): void {
    transportChannel.publish({ event: 'out-of-descriptors', listener: this.address, again: RETRY_AFTER });
  }

  #tryAgain(): void {
    this.#stopWaiting();
    this.#poller.queue(this);
  }

  #stopWaiting(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#poller.set.noLongerStarving(this.#resume);
    this.#gate?.noLongerWaiting(this.#resume);
  }
}

function isExhaustion(errno: number): boolean {
  return errno === EMFILE || errno === ENFILE || errno === ENOBUFS || errno === ENOMEM;
}

function isWildcard(address: SockAddr): boolean {
  return address.family !== 'unix' && (address.address === '0.0.0.0' || address.address === '::');
}
