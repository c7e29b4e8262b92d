import type { SockAddr } from '../../../base/address.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { AcceptGate, Connection, ConnectionHandler } from '../../../base/connection.ts';
import { transportChannel } from '../../../diagnostics/channels.ts';
import { publishClosed } from '../../publish-closed.ts';
import { Splice } from './splice.ts';
import type { Progress } from './splice.ts';
import { IllegalStepError, nextReading, nextWriting } from './connection-state.ts';
import type { Reading, ReadingStep, Writing, WritingStep } from './connection-state.ts';
import { EAGAIN, EINTR, systemError } from '../system/errno-names.ts';
import { HANDLED, NOTHING, received, spliced, together } from '../poller/outcome.ts';
import type { Outcome } from '../poller/outcome.ts';
import { CLOSED, Outgoing, TOLD } from './outgoing.ts';
import type { Poller } from '../poller/poller.ts';
import { keepAlive } from '../system/keep-alive.ts';
import {
  EVENT_ERR,
  EVENT_HUP,
  EVENT_IN,
  EVENT_OUT,
  EVENT_RDHUP,
  RECEIVE_LENGTH,
  TCP_QUICKACK,
} from '../system/system.ts';

const UNKNOWN: SockAddr = { family: 'inet', address: '0.0.0.0', port: 0 };
const NEWS_TO_READ = EVENT_IN | EVENT_RDHUP | EVENT_HUP | EVENT_ERR;
const HANG_UP = EVENT_RDHUP | EVENT_HUP | EVENT_ERR;

/**
 * For TCP_QUICKACK. An even number acknowledges what was received and goes on delaying acknowledgements as before. With 1 the
 * kernel would acknowledge each of the next answers by a packet of its own (net/ipv4/tcp.c, `__tcp_sock_set_quickack`).
 */
const ACKNOWLEDGE_ONCE = 2;

/**
 * A connected socket of the epoll set. It owns its descriptor.
 *
 * Its state is {@link Reading} × {@link Writing} (connection-state.ts has every step of both), or closed:
 *
 * ```
 *   reading   open ──▶ eof-pending ──▶ ended ────┐ both
 *                                                ├───────▶ CLOSED ──▶ TOLD (the owner, once)
 *   writing   open ──▶ ending ──▶ fin-sent ──────┘            ▲
 *              ├─────▶ closing ── all sent, nothing unread ───┤
 *              └─────▶ failed ── what the peer sent is read ──┤
 *   recv failed, or the owner called destroy ─────────────────┘
 * ```
 *
 * There is one method for each thing that can happen:
 *
 * - An event of the kernel: `#onReadable`, `#onWritable`, `#onHangUp` (for EPOLLERR as well, because `recv` tells the error).
 * - The result of a system call: `#onBytes`, `#onEof`, `#onReceiveError`, `#onAllSent`, `#onSendError`.
 * - A call of the owner: `write`, `pause`, `resume`, `forward`, `end`, `destroy`.
 * - A call of the poller: `onEvents`, `onWork`, `flushWrites`, `onClosed`.
 *
 * In checked mode a step that the state does not allow is thrown ({@link IllegalStepError}).
 *
 * The hot path of the transport: an event costs one `recv`, a write one `send`, and neither an object nor a closure. Idle, it
 * holds no buffer. The file is long because reading and splicing each decide when the other goes on, and a splice uses what is
 * private to two connections, its sender and its receiver.
 */
export class EpollConnection extends Outgoing implements Connection {
  readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;

  #local: SockAddr | undefined;
  #reading: Reading = 'open';
  #writing: Writing = 'open';
  #paused = true;
  /** Whether the kernel may hold bytes, or an end, that were not read. */
  #unread = false;
  /** Whether a `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  /** Why sending failed, or why it was closed. */
  #error: Error | undefined = undefined;
  /** While what arrives here is spliced straight to another connection. */
  #splice: Splice<EpollConnection> | undefined = undefined;
  /** The connection whose bytes are spliced to this one. */
  #sender: EpollConnection | undefined = undefined;

  /** TCP keep-alive is off until the next visit of the poller. */
  #wantsKeepAlive = false;

  /** Told when the descriptor of an accepted connection is free again. */
  readonly #gate: AcceptGate | undefined;

  /** Takes over a connected descriptor that is watched, or is going to be, under this object. */
  constructor(poller: Poller, descriptor: number, remote: SockAddr, local?: SockAddr, gate?: AcceptGate) {
    super(poller, descriptor);
    this.#gate = gate;
    this.remote = remote;
    this.#local = local;
  }

  get coalescesWrites(): true {
    return true;
  }

  get local(): SockAddr {
    if (this.#local !== undefined) return this.#local;
    const asked = this.isClosed ? undefined : this.poller.system.localAddress(this.descriptor);
    return (this.#local = asked ?? UNKNOWN);
  }

  get queued(): number {
    const splice = this.#sender === undefined ? undefined : this.#sender.#splice;
    return this.unsent + (splice?.inPipe ?? 0);
  }

  get pending(): boolean {
    return this.#unread;
  }

  protected get hasFailed(): boolean {
    return this.#writing === 'failed';
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

  hasUnreadInput(): boolean {
    if (this.#unread || this.isClosed) return true;
    // The events that were taken already are asked first, which saves a system call for each request of a new client.
    return this.poller.hasEvent(this.descriptor) ?? this.poller.system.peek(this.descriptor) !== -EAGAIN;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.#writing !== 'open' || this.isClosed || start >= end) return true;
    const result = this.send(bytes, start, end);
    if (result === 0) return true;
    this.#onUnsent(result);
    if (!this.hasFailed) this.#drainDue = true;
    return false;
  }

  override flushWrites(): void {
    const result = this.sendCoalesced();
    if (result < 0) this.#onUnsent(result);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#unread && !this.isClosed) this.poller.queue(this);
  }

  end(isLast = false): void {
    if (this.#writing !== 'open' || this.isClosed) return;
    this.flushWrites();
    if (this.hasFailed) return;
    this.#stepWriting(isLast ? 'end-last' : 'end');
    if (!this.hasQueue) this.#onAllSent();
  }

  destroy(error?: Error): void {
    if (this.isClosed) return;
    this.flushWrites();
    this.#close(error, error !== undefined);
  }

  forward(to: Connection, bytes = Infinity): boolean {
    if (!(to instanceof EpollConnection) || to === this || this.#splice !== undefined) return false;
    if (this.isClosed || this.#reading === 'ended' || to.#sender !== undefined) return false;
    if (to.isClosed || to.#writing !== 'open') return false;
    to.flushWrites();
    this.#splice = new Splice(to, this.poller.system, this.poller.pipes, bytes);
    to.#sender = this;
    this.#unread = true;
    this.poller.queue(this);
    return true;
  }

  /**
   * Has TCP keep-alive turned on for a connection that was dialled, if it is still open after some seconds. It takes four system calls,
   * and a probe is due only after a minute without a segment, which the kernel counts from the last one. What was accepted has it from its
   * listener.
   */
  keepAliveLater(): void {
    if (this.remote.family === 'unix') return;
    this.#wantsKeepAlive = true;
    this.poller.visits.request();
  }

  override onVisit(): void {
    this.keepAlive();
  }

  keepAlive(): void {
    if (!this.#wantsKeepAlive || this.isClosed) return;
    this.#wantsKeepAlive = false;
    keepAlive(this.poller.system, this.descriptor);
  }

  /** Takes over an event of the socket that came before this object owned it. */
  inheritEvent(mask: number): void {
    if ((mask & NEWS_TO_READ) !== 0) this.#unread = true;
    if ((mask & HANG_UP) !== 0) this.#onHangUp();
  }

  override onEvents(mask: number): Outcome {
    if ((mask & HANG_UP) !== 0) this.#onHangUp();
    const read = (mask & NEWS_TO_READ) === 0 ? NOTHING : this.#onReadable();
    return (mask & EVENT_OUT) === 0 ? read : together(read, this.#onWritable());
  }

  #onHangUp(): void {
    this.#stepReading('hang-up');
  }

  #onReadable(): Outcome {
    this.#unread = true;
    // The work that is queued will read.
    if (this.hasWork) return this.#nothingNew();
    return this.#paused ? NOTHING : this.#read();
  }

  #onWritable(): Outcome {
    if (this.hasQueue) return this.#drain();
    // An event that is about bytes which were spliced already often says only that there is room.
    return this.#sender === undefined ? this.#nothingNew() : this.#sender.#onReceiverWritable();
  }

  #nothingNew(): Outcome {
    return this.#splice === undefined ? NOTHING : spliced(0);
  }

  #onReceiverWritable(): Outcome {
    this.#unblock();
    if (this.hasWork) return this.#nothingNew();
    return this.isClosed ? NOTHING : this.#runSplice();
  }

  #resumeSplice(): void {
    this.#unblock();
    this.poller.queue(this);
  }

  override onWork(): Outcome {
    if (this.isClosed) return NOTHING;
    let outcome = NOTHING;
    if (this.#splice !== undefined && !this.hasFailed) outcome = this.#runSplice();
    else if (this.#unread && !this.#paused) outcome = this.#read();
    else if (this.hasFailed) this.#close(this.#error, false);
    // A signal interrupted sending, which no event follows.
    if (this.hasQueue) outcome = together(outcome, this.#drain());
    // A handler threw when it was told of the end.
    this.#closeWhenOver();
    return outcome;
  }

  /** One `recv`, and one more if the peer's end is known to be behind it. What is left then is work for the next iteration. */
  #read(): Outcome {
    if (this.#splice !== undefined) return this.#runSplice();
    const { system, coalescer } = this.poller;
    const at = coalescer.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    this.#onBytes(at, length);
    if (!this.#unread || this.#paused || this.isClosed || this.#splice !== undefined) return received(length);
    if (this.#reading !== 'open' && length < RECEIVE_LENGTH) return together(received(length), this.#readLast());
    this.poller.queue(this);
    return received(length);
  }

  #readLast(): Outcome {
    const { system, coalescer } = this.poller;
    const at = coalescer.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    this.#onBytes(at, length);
    if (this.#unread && !this.#paused && !this.isClosed) this.poller.queue(this);
    return received(length);
  }

  /** `result` is 0 for the peer's end, or a negated errno. */
  #onNothingReceived(result: number): Outcome {
    if (result === 0) this.#onEof();
    else this.#onReceiveError(-result);
    return HANDLED;
  }

  /** What `#read` does while bytes are spliced to another connection. */
  #runSplice(): Outcome {
    const splice = this.#splice;
    if (splice === undefined) return NOTHING;
    if (splice.blocked) return spliced(0);
    const { receiver } = splice;
    // A receiver with a queue calls again when that has been sent.
    if (receiver.isClosed || receiver.hasQueue) return NOTHING;
    if (receiver.hasFailed) {
      // It closes when it has read what its peer had sent, which ends this splice. If both have failed, each waits for the other.
      if (this.hasFailed) this.#close(this.#error, false);
      return HANDLED;
    }
    const take = this.#unread && !this.#paused;
    const progress = splice.move(this.descriptor, receiver.descriptor, take);
    const { moved } = splice;
    // First, because the owner may call `forward` once more.
    if (progress.state === 'done') this.#endSplice();
    if (moved > 0) this.handler.forwarded?.(moved);
    return this.isClosed ? received(moved) : this.#onProgress(splice, progress, take);
  }

  /** After the owner was told of the bytes that were moved, who may have paused this connection or given up the receiver. */
  #onProgress(splice: Splice<EpollConnection>, progress: Progress, take: boolean): Outcome {
    switch (progress.state) {
      case 'more':
        this.poller.queueSplicing(this);
        return spliced(splice.moved);
      case 'empty':
        if (take) this.#onReceiveError(EAGAIN);
        return spliced(splice.moved);
      case 'blocked':
        if (this.#splice === splice) this.#block(splice);
        return spliced(splice.moved);
      case 'ended':
        // Otherwise the end is read once more after `resume`.
        if (!this.#paused) this.#onEof();
        break;
      case 'done':
        break;
      case 'no-pipe':
        if (!splice.bounded) return this.#copy(splice.receiver);
        // What is left of so many bytes is delivered, because their owner can write them.
        this.#endSplice();
        break;
      case 'failed':
        if (progress.side === 'sender') this.#onReceiveError(progress.errno);
        else if (this.#splice === splice) splice.receiver.#onSendError(progress.errno);
    }
    return received(splice.moved);
  }

  #block(splice: Splice): void {
    splice.blocked = true;
    this.poller.listenTo(this.descriptor, this, false);
  }

  #unblock(): void {
    const splice = this.#splice;
    if (splice?.blocked !== true) return;
    splice.blocked = false;
    if (!this.isClosed) this.poller.listenTo(this.descriptor, this, true);
  }

  /** From here on bytes are delivered to the handler. */
  #endSplice(): void {
    this.#unblock();
    this.#releaseReceiver();
    this.#unread = true;
    if (!this.#paused) this.poller.queue(this);
  }

  /** Moves bytes to the receiver without a pipe. */
  #copy(receiver: EpollConnection): Outcome {
    const { system, coalescer } = this.poller;
    const at = coalescer.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    // The owner did not write these bytes, so `drained` does not follow them.
    const result = receiver.#writing === 'open' ? receiver.send(system.received, at, at + length) : 0;
    if (result < 0) receiver.#onUnsent(result);
    this.poller.queue(this);
    this.handler.forwarded?.(length);
    return received(length);
  }

  #onBytes(at: number, length: number): void {
    if (this.poller.checked) this.#stepReading('bytes');
    // Less than was asked for is all there is, and an event tells of more. But an end that was told already has no other event.
    if (length < RECEIVE_LENGTH && this.#reading === 'open') this.#unread = false;
    this.handler.data(this.poller.system.received, at, at + length);
  }

  #onEof(): void {
    this.#unread = false;
    if (this.hasFailed) return this.#close(this.#error, false);
    // A hang-up after the end has it read once more.
    if (this.#reading === 'ended') return;
    this.#stepReading('eof');
    this.handler.ended();
    this.#closeWhenOver();
  }

  #onReceiveError(errno: number): void {
    if (errno === EINTR) return this.poller.queue(this);
    this.#unread = false;
    if (this.hasFailed) this.#close(this.#error, false);
    else if (errno !== EAGAIN) this.#close(systemError(errno, 'read', this.remote), false);
  }

  /** `result` is the negated errno for which not everything was sent. */
  #onUnsent(result: number): void {
    // No event follows the interruption of a signal.
    if (result === -EINTR) this.poller.queue(this);
    else if (result !== -EAGAIN) this.#onSendError(-result);
  }

  /** What the peer sent before it hung up (an answer, a reason) is still delivered; then the connection closes. */
  #onSendError(errno: number): void {
    this.#stepWriting('fail');
    this.#error = systemError(errno, 'write', this.remote);
    this.dropUnsent();
    this.#drainDue = false;
    this.#unread = true;
    this.#onHangUp();
    this.poller.queue(this);
  }

  #drain(): Outcome {
    const result = this.sendQueue();
    if (result < 0) {
      this.#onUnsent(result);
      return HANDLED;
    }
    if (this.#writing !== 'open') this.#onAllSent();
    if (this.#drainDue) {
      this.#drainDue = false;
      // The splice to this connection goes on as work, because the handler may throw.
      if (this.#sender !== undefined) this.#sender.#resumeSplice();
      this.handler.drained();
      return HANDLED;
    }
    return this.isClosed || this.#sender === undefined
      ? HANDLED
      : together(HANDLED, this.#sender.#onReceiverWritable());
  }

  /** After `end`, all has left. */
  #onAllSent(): void {
    // Closing sends FIN as well if nothing is left unread, and the kernel goes on sending what it has taken.
    const closes = this.#reading === 'ended' || (this.#writing === 'closing' && !this.#unread);
    this.#stepWriting('all-sent');
    if (closes) this.#close(undefined, false);
    // It fails only when the peer has reset the connection, which reading tells.
    else this.poller.system.finish(this.descriptor);
  }

  #closeWhenOver(): void {
    if (this.#reading === 'ended' && this.#writing === 'fin-sent' && !this.isClosed) this.#close(undefined, false);
  }

  /** Closes the descriptor; `closed` follows from the event loop. */
  #close(error: Error | undefined, reset: boolean): void {
    this.#mustBeOpen('close');
    // While the system still knows its local address.
    if (transportChannel.hasSubscribers) publishClosed('epoll', this, error);
    const { system } = this.poller;
    const descriptor = this.descriptor;
    this.descriptor = CLOSED;
    this.#error = error;
    this.dropUnsent();
    this.#drainDue = false;
    if (reset && this.remote.family !== 'unix') system.resetOnClose(descriptor);
    this.#stopSplicing();
    this.poller.queueClosed(this);
    this.poller.close(descriptor);
    this.#gate?.leave(this);
  }

  #releaseReceiver(): void {
    const splice = this.#splice;
    if (splice === undefined) return;
    splice.close();
    this.#splice = undefined;
    splice.receiver.#sender = undefined;
  }

  #stopSplicing(): void {
    this.#releaseReceiver();
    const sender = this.#sender;
    this.#sender = undefined;
    // What the sender's peer still sends goes to the sender's owner, who may want to read it to its end.
    if (sender !== undefined && !sender.isClosed) sender.#endSplice();
  }

  override onClosed(): void {
    const { handler } = this;
    if (this.poller.checked) this.#mustBeUntold();
    this.descriptor = TOLD;
    this.handler = ignoreEvents;
    if (this.#error === undefined) handler.closed();
    else handler.closed(this.#error);
  }

  #stepReading(step: ReadingStep): void {
    this.#mustBeOpen(step);
    this.#reading = nextReading(this.#reading, step, this.poller.checked);
  }

  #stepWriting(step: WritingStep): void {
    this.#mustBeOpen(step);
    this.#writing = nextWriting(this.#writing, step, this.poller.checked);
  }

  #mustBeOpen(step: string): void {
    if (this.poller.checked && this.isClosed) throw new IllegalStepError('the connection is closed', step);
  }

  #mustBeUntold(): void {
    if (this.descriptor === CLOSED) return;
    throw new IllegalStepError(this.isClosed ? 'the owner has been told' : 'the connection is open', 'tell closed');
  }
}
