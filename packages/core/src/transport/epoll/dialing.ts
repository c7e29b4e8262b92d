import type { SockAddr } from '../../base/address.ts';
import type { Connection, DialOptions } from '../../base/connection.ts';
import { errnoError, fromErrno } from '../../base/errno.ts';
import { EpollConnection } from './connection/connection.ts';
import { EINPROGRESS, EINTR, systemError } from './system/errno-names.ts';
import { HANDLED } from './poller/outcome.ts';
import type { Outcome } from './poller/outcome.ts';
import { Watched } from './poller/watched.ts';
import type { Poller } from './poller/poller.ts';
import { transparentOption } from './transparency.ts';
import {
  EVENT_ERR,
  EVENT_HUP,
  EVENT_OUT,
  IP_BIND_ADDRESS_NO_PORT,
  SO_ERROR,
  SO_REUSEADDR,
  TCP_NODELAY,
} from './system/system.ts';

/** A unix socket that dials has no name. */
const UNNAMED: SockAddr = { family: 'unix', path: '' };

export type Settle = (error: Error | undefined, connection?: Connection) => void;

/** One attempt to connect. It owns the descriptor until it settles or is cancelled. */
export class Dialing extends Watched {
  readonly #poller: Poller;
  readonly #remote: SockAddr;
  readonly #settle: Settle;
  /** Below zero before there is one, and when it was closed or handed over. */
  #descriptor = -1;
  /** The error that `onWork` is going to report. Undefined if it reports a connection that was there at once. */
  #failure: Error | undefined = undefined;
  #pending = true;

  constructor(poller: Poller, remote: SockAddr, settle: Settle) {
    super();
    this.#poller = poller;
    this.#remote = remote;
    this.#settle = settle;
  }

  start(options: DialOptions): void {
    const { local } = options;
    const remote = this.#remote;
    const { system } = this.#poller;
    if (local !== undefined && local.family !== remote.family) {
      this.#fail(fromErrno(errnoError('EAFNOSUPPORT', 'connect'), 'connect', remote));
      return;
    }
    const descriptor = system.socket(remote.family);
    if (descriptor < 0) {
      // Empty pipes keep descriptors, which the next attempt can have.
      this.#poller.pipes.shrink();
      this.#fail(systemError(-descriptor, 'connect', remote));
      return;
    }
    this.#descriptor = descriptor;
    if (remote.family !== 'unix') system.setOption(descriptor, TCP_NODELAY, 1);
    const failure = local && this.#bind(descriptor, local, options.transparent === true);
    if (failure === undefined) this.#connect(descriptor);
    else this.#fail(failure);
  }

  #bind(descriptor: number, local: SockAddr, transparent: boolean): Error | undefined {
    const { system } = this.#poller;
    if (local.family !== 'unix') {
      const foreign = transparent ? system.setOption(descriptor, transparentOption(local.family), 1) : 0;
      if (foreign < 0) return systemError(-foreign, 'forge', this.#remote);
      // The kernel then chooses the port knowing the peer, so that one local address serves more connections than ports.
      // A given port may be used with several peers as well.
      system.setOption(descriptor, local.port === 0 ? IP_BIND_ADDRESS_NO_PORT : SO_REUSEADDR, 1);
    }
    const bound = system.bind(descriptor, local);
    return bound < 0 ? systemError(-bound, transparent ? 'forge' : 'connect', this.#remote) : undefined;
  }

  #connect(descriptor: number): void {
    const { system } = this.#poller;
    const connected = system.connect(descriptor, this.#remote);
    const waits = connected === -EINPROGRESS || connected === -EINTR;
    if (connected < 0 && !waits) {
      this.#fail(systemError(-connected, 'connect', this.#remote));
      return;
    }
    // Not watched earlier, because the kernel reports EPOLLHUP for a socket before `connect`.
    const watched = this.#poller.set.add(descriptor, this);
    if (watched < 0) this.#fail(systemError(-watched, 'connect', this.#remote));
    else if (waits) this.#poller.expectEvent();
    else this.#poller.queue(this);
  }

  /** Drops the attempt; afterwards, or after it settled, does nothing. */
  cancel(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#close();
  }

  override onEvents(mask: number): Outcome {
    if (this.#pending && this.#failure === undefined) this.#onConnected(mask);
    return HANDLED;
  }

  #onConnected(mask: number): void {
    if ((mask & (EVENT_ERR | EVENT_HUP)) !== 0) {
      const errno = this.#poller.system.getOption(this.#descriptor, SO_ERROR);
      // Without an error it was connected, and the peer has closed already.
      if (errno > 0) {
        this.#fail(systemError(errno, 'connect', this.#remote));
        return;
      }
    } else if ((mask & EVENT_OUT) === 0) return;
    this.#succeed(mask);
  }

  override onWork(): Outcome {
    if (!this.#pending) return HANDLED;
    if (this.#failure === undefined) this.#succeed(0);
    else {
      this.#pending = false;
      this.#settle(this.#failure);
    }
    return HANDLED;
  }

  #succeed(mask: number): void {
    this.#pending = false;
    const remote = this.#remote;
    const local = remote.family === 'unix' ? UNNAMED : undefined;
    const connection = new EpollConnection(this.#poller, this.#descriptor, remote, local);
    connection.keepAliveLater();
    connection.inheritEvent(mask);
    this.#poller.set.replace(this.#descriptor, connection);
    this.#descriptor = -1;
    this.#settle(undefined, connection);
  }

  /** Closes the descriptor now; the error is reported from the event loop. */
  #fail(error: Error): void {
    this.#failure = error;
    this.#close();
    this.#poller.queue(this);
  }

  #close(): void {
    if (this.#descriptor < 0) return;
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    this.#poller.set.close(descriptor);
  }
}
