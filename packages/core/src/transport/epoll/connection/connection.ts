import type { SockAddr } from '../../../base/address.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { AcceptGate, Connection, ConnectionHandler } from '../../../base/connection.ts';
import { transportChannel } from '../../../diagnostics/channels.ts';
import { publishClosed } from '../../publish-closed.ts';
import { CLOSED, TOLD } from './connected-socket.ts';
import { IllegalStepError, nextReading, nextWriting } from './connection-state.ts';
import type { Reading, ReadingStep, Writing, WritingStep } from './connection-state.ts';
import { EAGAIN, EINTR, systemError } from '../system/errno-names.ts';
import { HANDLED, NOTHING, received, spliced, together } from '../poller/outcome.ts';
import type { Outcome } from '../poller/outcome.ts';
import { Forwarding } from './forwarding.ts';
import type { ForwardingEnd } from './forwarding.ts';
import { Outgoing } from './outgoing.ts';
import type { Poller } from '../poller/poller.ts';
import { EVENT_ERR, EVENT_HUP, EVENT_IN, EVENT_OUT, EVENT_RDHUP, RECEIVE_LENGTH } from '../system/system.ts';

const NEWS_TO_READ = EVENT_IN | EVENT_RDHUP | EVENT_HUP | EVENT_ERR;
const HANG_UP = EVENT_RDHUP | EVENT_HUP | EVENT_ERR;

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
 * - The result of a system call: `#onBytes`, `onEof`, `onReceiveError`, `#onAllSent`, `onSendError`.
 * - A call of the owner: `write`, `pause`, `resume`, `forward`, `end`, `destroy`.
 * - A call of the poller: `onEvents`, `onWork`, `flushWrites`, `onClosed`.
 *
 * In checked mode a step that the state does not allow is thrown ({@link IllegalStepError}).
 *
 * The hot path of the transport: an event costs one `recv`, a write one `send`, and neither an object nor a closure. Idle, it
 * holds no buffer. Both directions are in one file because they decide together when it closes; what they use is in others:
 * the socket (`ConnectedSocket`), the bytes that have not left (`Outgoing`), those that no owner sees ({@link Forwarding}).
 */
export class EpollConnection extends Outgoing implements Connection, ForwardingEnd {
  handler: ConnectionHandler = ignoreEvents;

  #reading: Reading = 'open';
  #writing: Writing = 'open';
  #paused = true;
  /** Whether the kernel may hold bytes, or an end, that were not read. */
  #unread = false;
  /** Whether a `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  /** Why sending failed, or why it was closed. */
  #error: Error | undefined = undefined;
  /** While what arrives here goes straight to another connection, and what arrives there to this one. */
  outgoing: Forwarding | undefined = undefined;
  incoming: Forwarding | undefined = undefined;

  gateIndex = -1;
  /** Told when the descriptor of an accepted connection is free again. */
  readonly #gate: AcceptGate | undefined;

  /** Takes over a connected descriptor that is watched, or is going to be, under this object. */
  constructor(poller: Poller, descriptor: number, remote: SockAddr, local?: SockAddr, gate?: AcceptGate) {
    super(poller, descriptor, remote, local);
    this.#gate = gate;
  }

  get coalescesWrites(): true {
    return true;
  }

  get queued(): number {
    return this.unsent + (this.incoming?.inPipe ?? 0);
  }

  get pending(): boolean {
    return this.#unread;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get isDue(): boolean {
    return this.#unread && !this.#paused;
  }

  get hasFailed(): boolean {
    return this.#writing === 'failed';
  }

  hasUnreadInput(): boolean {
    return this.#unread || this.isClosed || this.hasArrivals();
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
    if (!(to instanceof EpollConnection) || to === this || this.outgoing !== undefined) return false;
    if (this.isClosed || this.#reading === 'ended' || to.incoming !== undefined) return false;
    if (to.isClosed || to.#writing !== 'open') return false;
    to.flushWrites();
    this.outgoing = new Forwarding(this, to, this.poller, bytes);
    this.#unread = true;
    this.poller.queue(this);
    return true;
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
    return this.incoming === undefined ? this.#nothingNew() : this.incoming.onReceiverWritable();
  }

  #nothingNew(): Outcome {
    return this.outgoing === undefined ? NOTHING : spliced(0);
  }

  override onWork(): Outcome {
    if (this.isClosed) return NOTHING;
    let outcome = NOTHING;
    if (this.outgoing !== undefined && !this.hasFailed) outcome = this.outgoing.run();
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
    if (this.outgoing !== undefined) return this.outgoing.run();
    const { system, coalescer } = this.poller;
    const at = coalescer.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.onNothingReceived(length);
    this.#onBytes(at, length);
    if (!this.#unread || this.#paused || this.isClosed || this.outgoing !== undefined) return received(length);
    if (this.#reading !== 'open' && length < RECEIVE_LENGTH) return together(received(length), this.#readLast());
    this.poller.queue(this);
    return received(length);
  }

  #readLast(): Outcome {
    const { system, coalescer } = this.poller;
    const at = coalescer.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.onNothingReceived(length);
    this.#onBytes(at, length);
    if (this.#unread && !this.#paused && !this.isClosed) this.poller.queue(this);
    return received(length);
  }

  /** `result` is 0 for the peer's end, or a negated errno. */
  onNothingReceived(result: number): Outcome {
    if (result === 0) this.onEof();
    else this.onReceiveError(-result);
    return HANDLED;
  }

  sendForeign(bytes: Uint8Array, start: number, end: number): void {
    // `drained` does not follow them.
    const result = this.#writing === 'open' ? this.send(bytes, start, end) : 0;
    if (result < 0) this.#onUnsent(result);
  }

  onForwardingOver(): void {
    this.#unread = true;
    if (!this.#paused) this.poller.queue(this);
  }

  onReceiverFailed(): void {
    if (this.hasFailed) this.#close(this.#error, false);
  }

  #onBytes(at: number, length: number): void {
    if (this.poller.checked) this.#stepReading('bytes');
    // Less than was asked for is all there is, and an event tells of more. But an end that was told already has no other event.
    if (length < RECEIVE_LENGTH && this.#reading === 'open') this.#unread = false;
    this.handler.data(this.poller.system.received, at, at + length);
  }

  onEof(): void {
    this.#unread = false;
    if (this.hasFailed) return this.#close(this.#error, false);
    // A hang-up after the end has it read once more.
    if (this.#reading === 'ended') return;
    this.#stepReading('eof');
    this.handler.ended();
    this.#closeWhenOver();
  }

  onReceiveError(errno: number): void {
    if (errno === EINTR) return this.poller.queue(this);
    this.#unread = false;
    if (this.hasFailed) this.#close(this.#error, false);
    else if (errno !== EAGAIN) this.#close(systemError(errno, 'read', this.remote), false);
  }

  /** `result` is the negated errno for which not everything was sent. */
  #onUnsent(result: number): void {
    // No event follows the interruption of a signal.
    if (result === -EINTR) this.poller.queue(this);
    else if (result !== -EAGAIN) this.onSendError(-result);
  }

  /** What the peer sent before it hung up (an answer, a reason) is still delivered; then the connection closes. */
  onSendError(errno: number): void {
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
      this.incoming?.onReceiverDrained();
      this.handler.drained();
      return HANDLED;
    }
    return this.isClosed || this.incoming === undefined
      ? HANDLED
      : together(HANDLED, this.incoming.onReceiverWritable());
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
    this.outgoing?.drop();
    // What its sender's peer still sends goes to its owner, who may want to read it to its end.
    this.incoming?.end();
    this.poller.queueClosed(this);
    this.poller.set.close(descriptor);
    this.#gate?.leave(this);
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
