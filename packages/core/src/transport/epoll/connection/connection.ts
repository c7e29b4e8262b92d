import type { SockAddr } from '../../../base/address.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { AcceptGate, Connection, ConnectionHandler } from '../../../base/connection.ts';
import { transportChannel } from '../../../diagnostics/channels.ts';
import { publishClosed } from '../../publish-closed.ts';
import { Carrier } from './splice.ts';
import { IllegalStepError, nextReading, nextWriting } from './connection-state.ts';
import type { Reading, ReadingStep, Writing, WritingStep } from './connection-state.ts';
import { EAGAIN, EINTR, systemError } from '../system/errno-names.ts';
import { HANDLED, NOTHING, received, spliced, together } from '../poller/outcome.ts';
import type { Outcome } from '../poller/outcome.ts';
import { CLOSED, Outgoing, TOLD } from './outgoing.ts';
import type { Poller } from '../poller/poller.ts';
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
 * For TCP_QUICKACK: an even number acknowledges what was received, and goes on delaying acknowledgements as before. With 1 the
 * kernel would acknowledge each of the next answers by a packet of its own (net/ipv4/tcp.c, `__tcp_sock_set_quickack`).
 */
const ACKNOWLEDGE_ONCE = 2;

/**
 * A connected socket of the epoll set. It owns its descriptor.
 *
 * Its state is {@link Reading} × {@link Writing}, both drawn in connection-state.ts, or closed. It closes
 *
 * - when reading has `ended` and writing is `fin-sent`,
 * - when all has left in `closing`, unless something is left to read,
 * - when writing has `failed` and what the peer had sent is delivered (or the owner has paused),
 * - when reading fails, and when the owner calls `destroy`.
 *
 * There is one method for each thing that can happen. The kernel says: `#onReadable`, `#onWritable`, `#onHangUp` (an error is
 * one, because `recv` tells it). A call to the kernel came to: `#onBytes`, `#onEof`, `#onReceiveError`, `#onAllSent`, `#onSendError`.
 * The owner says: `write`, `pause`, `resume`, `forward`, `end`, `destroy`. The poller says: `onEvents`, `onWork`, `flushStaged`,
 * `onClosed`. In checked mode a step that cannot be is thrown ({@link IllegalStepError}).
 *
 * The hot path of the transport: an event costs one `recv`, a write one `send`, and neither an object nor a closure. Idle, it
 * holds no buffer. Reading and splicing share a file, because each of them decides when the other goes on, and calls between
 * two objects would cost time for each event.
 */
export class EpollConnection extends Outgoing implements Connection {
  readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;

  #local: SockAddr | undefined;
  #reading: Reading = 'open';
  #writing: Writing = 'open';
  #paused = true;
  /** The kernel may hold bytes, or an end, that nobody has read. */
  #unread = false;
  /** A `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  /** Why sending failed, or why it was closed. */
  #error: Error | undefined = undefined;
  /** While what arrives here is carried straight to another connection. */
  #carrier: Carrier<EpollConnection> | undefined = undefined;
  /** The connection that carries straight to this one. */
  #sender: EpollConnection | undefined = undefined;

  /** Told when the descriptor of an accepted connection is free again. */
  readonly #gate: AcceptGate | undefined;

  /** Takes over a connected descriptor that is watched, or is going to be, under this object. */
  constructor(poller: Poller, descriptor: number, remote: SockAddr, local?: SockAddr, gate?: AcceptGate) {
    super(poller, descriptor);
    this.#gate = gate;
    this.remote = remote;
    this.#local = local;
  }

  get joinsWrites(): true {
    return true;
  }

  get local(): SockAddr {
    if (this.#local !== undefined) return this.#local;
    const asked = this.#isClosed ? undefined : this.poller.system.localAddress(this.descriptor);
    return (this.#local = asked ?? UNKNOWN);
  }

  get queued(): number {
    const carrier = this.#sender === undefined ? undefined : this.#sender.#carrier;
    return this.unsent + (carrier?.held ?? 0);
  }

  get pending(): boolean {
    return this.#unread;
  }

  get #isClosed(): boolean {
    return this.descriptor < 0;
  }

  get #hasFailed(): boolean {
    return this.#writing === 'failed';
  }

  acknowledge(): void {
    if (this.#isClosed || this.remote.family === 'unix') return;
    this.poller.system.setOption(this.descriptor, TCP_QUICKACK, ACKNOWLEDGE_ONCE);
  }

  hasNews(): boolean {
    if (this.#unread || this.#isClosed) return true;
    // A look at the events that were taken already saves a call into the kernel for each request of a new client.
    return this.poller.hasEvent(this.descriptor) ?? this.poller.system.peek(this.descriptor) !== -EAGAIN;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (this.#writing !== 'open' || this.#isClosed || start >= end) return true;
    const result = this.send(bytes, start, end);
    if (result === 0) return true;
    this.#onUnsent(result);
    if (!this.#hasFailed) this.#drainDue = true;
    return false;
  }

  override flushStaged(): void {
    const result = this.sendStaged();
    if (result < 0) this.#onUnsent(result);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#unread && !this.#isClosed) this.poller.queue(this);
  }

  end(isLast = false): void {
    if (this.#writing !== 'open' || this.#isClosed) return;
    this.flushStaged();
    if (this.#hasFailed) return;
    this.#stepWriting(isLast ? 'end-last' : 'end');
    if (!this.hasQueue) this.#onAllSent();
  }

  destroy(error?: Error): void {
    if (this.#isClosed) return;
    this.flushStaged();
    this.#close(error, error !== undefined);
  }

  forward(to: Connection, bytes = Infinity): boolean {
    if (!(to instanceof EpollConnection) || to === this || this.#carrier !== undefined) return false;
    if (this.#isClosed || this.#reading === 'ended' || to.#sender !== undefined) return false;
    if (to.#isClosed || to.#writing !== 'open') return false;
    to.flushStaged();
    this.#carrier = new Carrier(to, this.poller.system, this.poller.pipes, bytes);
    to.#sender = this;
    this.#unread = true;
    this.poller.queue(this);
    return true;
  }

  /** Something was known about the socket before this object had it. */
  foresee(mask: number): void {
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
    // Who waits for a turn already does not get another one.
    if (this.hasWork) return this.#nothingNew();
    return this.#paused ? NOTHING : this.#read();
  }

  #onWritable(): Outcome {
    if (this.hasQueue) return this.#drain();
    // News of bytes that were carried meanwhile is this without them.
    return this.#sender === undefined ? this.#nothingNew() : this.#sender.carryOn();
  }

  #nothingNew(): Outcome {
    return this.#carrier === undefined ? NOTHING : spliced(0);
  }

  /** There is room for what this connection carries. */
  carryOn(): Outcome {
    this.#unblock();
    if (this.hasWork) return this.#nothingNew();
    return this.#isClosed ? NOTHING : this.#carry();
  }

  carryOnSoon(): void {
    this.#unblock();
    this.poller.queue(this);
  }

  override onWork(): Outcome {
    if (this.#isClosed) return NOTHING;
    let outcome = NOTHING;
    if (this.#carrier !== undefined && !this.#hasFailed) outcome = this.#carry();
    else if (this.#unread && !this.#paused) outcome = this.#read();
    else if (this.#hasFailed) this.#close(this.#error, false);
    // After an edge that came to nothing, because a signal interrupted.
    if (this.hasQueue) outcome = together(outcome, this.#drain());
    // After a handler that threw when it heard of the end.
    this.#closeWhenOver();
    return outcome;
  }

  /** One `recv`; one more when it is known to be the last. What is left then waits for its next turn. */
  #read(): Outcome {
    if (this.#carrier !== undefined) return this.#carry();
    const { system, staging } = this.poller;
    const at = staging.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    this.#onBytes(at, length);
    if (!this.#unread || this.#paused || this.#isClosed || this.#carrier !== undefined) return received(length);
    if (this.#reading !== 'open' && length < RECEIVE_LENGTH) return together(received(length), this.#readLast());
    this.poller.queue(this);
    return received(length);
  }

  #readLast(): Outcome {
    const { system, staging } = this.poller;
    const at = staging.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    this.#onBytes(at, length);
    if (this.#unread && !this.#paused && !this.#isClosed) this.poller.queue(this);
    return received(length);
  }

  /** `result` is 0 for the peer's end, or a negated errno. */
  #onNothingReceived(result: number): Outcome {
    if (result === 0) this.#onEof();
    else this.#onReceiveError(-result);
    return HANDLED;
  }

  /** What `#read` does while octets go straight to another connection. */
  #carry(): Outcome {
    const carrier = this.#carrier;
    if (carrier === undefined) return NOTHING;
    if (carrier.blocked) return spliced(0);
    const { receiver } = carrier;
    // A receiver with a queue calls again when that has gone out.
    if (receiver.#isClosed || receiver.hasQueue) return NOTHING;
    if (receiver.#hasFailed) {
      // It closes when it has read what its peer had sent, and then this goes on by itself. But not if both wait for each other.
      if (this.#hasFailed) this.#close(this.#error, false);
      return HANDLED;
    }
    const take = this.#unread && !this.#paused;
    const progress = carrier.carry(this.descriptor, receiver.descriptor, take);
    const { carried } = carrier;
    // What follows is delivered as usual, and the owner may hear of the last octets with everything in order.
    if (progress.state === 'done') this.#endCarrying();
    if (carried > 0) this.handler.forwarded?.(carried);
    if (this.#isClosed) return received(carried);
    switch (progress.state) {
      case 'more':
        this.poller.queueSplicing(this);
        return spliced(carried);
      case 'empty':
        if (take) this.#onReceiveError(EAGAIN);
        return spliced(carried);
      case 'blocked':
        // The owner, who has just heard of octets, may have given up this receiver.
        if (this.#carrier === carrier) {
          carrier.blocked = true;
          this.poller.listenTo(this.descriptor, this, false);
        }
        return spliced(carried);
      case 'ended':
        // The owner, who has just heard of bytes, may have paused; the end is read once more after `resume`.
        if (!this.#paused) this.#onEof();
        break;
      case 'done':
        break;
      case 'no-pipe':
        if (!carrier.bounded) return this.#copy(receiver);
        // The owner can do with octets, too.
        this.#endCarrying();
        break;
      case 'failed':
        if (progress.side === 'sender') this.#onReceiveError(progress.errno);
        else if (this.#carrier === carrier) receiver.#onSendError(progress.errno);
    }
    return received(carried);
  }

  #unblock(): void {
    const carrier = this.#carrier;
    if (carrier?.blocked !== true) return;
    carrier.blocked = false;
    if (!this.#isClosed) this.poller.listenTo(this.descriptor, this, true);
  }

  /** From here on octets are delivered as usual. */
  #endCarrying(): void {
    this.#unblock();
    this.#letGoOfReceiver();
    this.#unread = true;
    if (!this.#paused) this.poller.queue(this);
  }

  /** One turn of carrying without a pipe. */
  #copy(receiver: EpollConnection): Outcome {
    const { system, staging } = this.poller;
    const at = staging.room;
    const length = system.receive(this.descriptor, at);
    if (length <= 0) return this.#onNothingReceived(length);
    // The owner did not write this, so nobody waits to hear that it has left.
    const result = receiver.#writing === 'open' ? receiver.send(system.received, at, at + length) : 0;
    if (result < 0) receiver.#onUnsent(result);
    this.poller.queue(this);
    this.handler.forwarded?.(length);
    return received(length);
  }

  #onBytes(at: number, length: number): void {
    if (this.poller.checked) this.#stepReading('bytes');
    // Less than asked for was all there is, and more will be an edge; but an end that came before is not.
    if (length < RECEIVE_LENGTH && this.#reading === 'open') this.#unread = false;
    this.handler.data(this.poller.system.received, at, at + length);
  }

  #onEof(): void {
    this.#unread = false;
    if (this.#hasFailed) return this.#close(this.#error, false);
    // A hang-up after the end has it read once more.
    if (this.#reading === 'ended') return;
    this.#stepReading('eof');
    this.handler.ended();
    this.#closeWhenOver();
  }

  #onReceiveError(errno: number): void {
    if (errno === EINTR) return this.poller.queue(this);
    this.#unread = false;
    if (this.#hasFailed) this.#close(this.#error, false);
    else if (errno !== EAGAIN) this.#close(systemError(errno, 'read', this.remote), false);
  }

  /** `result` is the negated errno for which not everything was sent. */
  #onUnsent(result: number): void {
    // The interruption of a signal is no edge.
    if (result === -EINTR) this.poller.queue(this);
    else if (result !== -EAGAIN) this.#onSendError(-result);
  }

  /** What the peer sent before it hung up (an answer, a reason) is worth reading; then the connection closes. */
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
      // Who splices to this connection goes on by work of its own, which a handler that throws does not undo.
      this.#sender?.carryOnSoon();
      this.handler.drained();
      return HANDLED;
    }
    return this.#isClosed || this.#sender === undefined ? HANDLED : together(HANDLED, this.#sender.carryOn());
  }

  /** After `end`, all has left. */
  #onAllSent(): void {
    // Closing sends FIN as well if nothing is left unread, and the kernel sees to what is on its way.
    const closes = this.#reading === 'ended' || (this.#writing === 'closing' && !this.#unread);
    this.#stepWriting('all-sent');
    if (closes) this.#close(undefined, false);
    // It fails only when the peer has reset the connection, which reading tells.
    else this.poller.system.finish(this.descriptor);
  }

  #closeWhenOver(): void {
    if (this.#reading === 'ended' && this.#writing === 'fin-sent' && !this.#isClosed) this.#close(undefined, false);
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
    this.#stopCarrying();
    this.poller.queueClosed(this);
    this.poller.close(descriptor);
    this.#gate?.leave(this);
  }

  #letGoOfReceiver(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    carrier.close();
    this.#carrier = undefined;
    carrier.receiver.#sender = undefined;
  }

  #stopCarrying(): void {
    this.#letGoOfReceiver();
    const sender = this.#sender;
    this.#sender = undefined;
    // What the sender still sends goes to its owner, who may want to read it to its end.
    if (sender !== undefined && !sender.#isClosed) sender.#endCarrying();
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
    if (this.poller.checked && this.#isClosed) throw new IllegalStepError('the connection is closed', step);
  }

  #mustBeUntold(): void {
    if (this.descriptor === CLOSED) return;
    throw new IllegalStepError(this.#isClosed ? 'the owner has been told' : 'the connection is open', 'tell closed');
  }
}
