import type { SockAddr } from '../../../base/address.ts';
import { Watched } from '../poller/watched.ts';
import type { Poller } from '../poller/poller.ts';
import { EAGAIN } from '../system/errno-names.ts';
import { keepAlive } from '../system/keep-alive.ts';
import { TCP_QUICKACK } from '../system/system.ts';

/** Instead of a descriptor: the connection is closed and its owner is yet to be told, and then that the owner was told. */
export const CLOSED = -1;
export const TOLD = -2;

const UNKNOWN: SockAddr = { family: 'inet', address: '0.0.0.0', port: 0 };

/**
 * For TCP_QUICKACK. An even number acknowledges what was received and goes on delaying acknowledgements as before. With 1 the
 * kernel would acknowledge each of the next answers by a packet of its own (net/ipv4/tcp.c, `__tcp_sock_set_quickack`).
 */
const ACKNOWLEDGE_ONCE = 2;

/**
 * The socket of a connection: its descriptor, its addresses, and what the kernel is told and asked of it besides its bytes.
 *
 * It is a base class of a connection and not a part of it, because another object would cost every idle connection 48 bytes. The
 * same is true of `Outgoing`.
 */
export abstract class ConnectedSocket extends Watched {
  declare readonly remote: SockAddr;
  /** `CLOSED` or `TOLD` when it is closed. */
  declare descriptor: number;
  declare protected readonly poller: Poller;
  declare protected knownLocal: SockAddr | undefined;
  /** TCP keep-alive is off until the next visit of the poller. */
  declare protected wantsKeepAlive: boolean;

  constructor(poller: Poller, descriptor: number, remote: SockAddr, local: SockAddr | undefined) {
    super();
    this.poller = poller;
    this.descriptor = descriptor;
    this.remote = remote;
    this.knownLocal = local;
    this.wantsKeepAlive = false;
  }

  // Getters of connections have no `#`, because V8 calls private ones more slowly: 4 ns for each event.

  get isClosed(): boolean {
    return this.descriptor < 0;
  }

  get local(): SockAddr {
    if (this.knownLocal !== undefined) return this.knownLocal;
    const asked = this.isClosed ? undefined : this.poller.system.localAddress(this.descriptor);
    return (this.knownLocal = asked ?? UNKNOWN);
  }

  acknowledge(): void {
    if (this.isClosed || this.remote.family === 'unix') return;
    this.poller.system.setOption(this.descriptor, TCP_QUICKACK, ACKNOWLEDGE_ONCE);
  }

  unacknowledged(): number | undefined {
    // What a unix socket counts is the memory that the kernel takes for them.
    if (this.remote.family === 'unix') return undefined;
    return this.isClosed ? 0 : Math.max(0, this.poller.system.unacknowledged(this.descriptor));
  }

  /** Whether something has arrived, bytes or an end, of which no event was handled yet. */
  protected hasArrivals(): boolean {
    // The events that were taken already are asked first, which saves a system call for each request of a new client.
    return this.poller.hasEvent(this.descriptor) ?? this.poller.system.peek(this.descriptor) !== -EAGAIN;
  }

  /**
   * Has TCP keep-alive turned on for a connection that was dialled, if it is still open after some seconds. It takes four system calls,
   * and a probe is due only after a minute without a segment, which the kernel counts from the last one. What was accepted has it from its
   * listener.
   */
  keepAliveLater(): void {
    if (this.remote.family === 'unix') return;
    this.wantsKeepAlive = true;
    this.poller.set.visits.request();
  }

  override onVisit(): void {
    this.keepAlive();
  }

  keepAlive(): void {
    if (!this.wantsKeepAlive || this.isClosed) return;
    this.wantsKeepAlive = false;
    keepAlive(this.poller.system, this.descriptor);
  }
}
