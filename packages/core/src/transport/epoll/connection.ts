import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import type { AcceptGate, Connection, ConnectionHandler } from '../../base/connection.ts';
import { Carrier } from './carrier.ts';
import { EAGAIN, EINTR, systemError } from './system/errno-names.ts';
import { HANDLED, NOTHING, received, spliced, together } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { Watched } from './poller.ts';
import type { Poller } from './poller.ts';
import { SendQueue } from './send-queue.ts';
import type { Staged } from './staging.ts';
import {
  EVENT_ERR,
  EVENT_HUP,
  EVENT_IN,
  EVENT_OUT,
  EVENT_RDHUP,
  RECEIVE_LENGTH,
  TCP_QUICKACK,
} from './system/system.ts';

const UNKNOWN: SockAddr = { family: 'inet', address: '0.0.0.0', port: 0 };
const NEWS_TO_READ = EVENT_IN | EVENT_RDHUP | EVENT_HUP | EVENT_ERR;
const NO_MORE_TO_COME = EVENT_RDHUP | EVENT_HUP | EVENT_ERR;

/**
 * For TCP_QUICKACK: an even number acknowledges what was received, and goes on delaying acknowledgements as before. With 1 the
 * kernel would acknowledge each of the next answers by a packet of its own (net/ipv4/tcp.c, `__tcp_sock_set_quickack`).
 */
const ACKNOWLEDGE_ONCE = 2;

/**
 * A connected socket of the epoll set; it owns its descriptor. The hot path of the transport: an event costs one
 * `recv`, a write one `send`, and neither an object nor a closure. Idle, it holds no buffer.
 */
export class EpollConnection extends Watched implements Connection, Staged {
  readonly remote: SockAddr;
  handler: ConnectionHandler = ignoreEvents;

  readonly #poller: Poller;
  /** Below zero when closed. */
  #descriptor: number;
  #local: SockAddr | undefined;
  #paused = true;
  /** The kernel may hold octets or an end that nobody has read. */
  #readable = false;
  /** The peer's end, or an error, is behind what there is to read. */
  #lastOctets = false;
  /** The peer's end has been delivered. */
  #ended = false;
  /** Own `end` was called. */
  #finished = false;
  /** And the peer sends nothing more. */
  #isLast = false;
  /** FIN has been sent. */
  #finSent = false;
  /** The descriptor is closed; nothing follows but `closed`. */
  #over = false;
  /** A `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  #queue: SendQueue | undefined = undefined;
  /** Octets that are sent at the end of the turn, in the staging memory. Only while there is no queue. */
  #stagedStart = 0;
  #stagedEnd = 0;
  /** And behind them octets that are still where they were received. */
  #heldStart = 0;
  #heldEnd = 0;
  /** Sending failed: what was received is still delivered, then the connection closes with this. */
  #sendError: Error | undefined = undefined;
  #error: Error | undefined = undefined;
  /** While what arrives here is carried straight to another connection. */
  #carrier: Carrier<EpollConnection> | undefined = undefined;
  /** The connection that carries straight to this one. */
  #sender: EpollConnection | undefined = undefined;

  /** Told when the descriptor of an accepted connection is free again. */
  readonly #gate: AcceptGate | undefined;

  /** Takes over a connected descriptor that is watched, or is going to be, under this object. */
  constructor(poller: Poller, descriptor: number, remote: SockAddr, local?: SockAddr, gate?: AcceptGate) {
    super();
    this.#gate = gate;
    this.#poller = poller;
    this.#descriptor = descriptor;
    this.remote = remote;
    this.#local = local;
  }

  get joinsWrites(): true {
    return true;
  }

  get local(): SockAddr {
    if (this.#local !== undefined) return this.#local;
    const asked = this.#over ? undefined : this.#poller.system.localAddress(this.#descriptor);
    return (this.#local = asked ?? UNKNOWN);
  }

  get queued(): number {
    const carrier = this.#sender === undefined ? undefined : this.#sender.#carrier;
    const staged = this.#stagedEnd - this.#stagedStart + this.#heldEnd - this.#heldStart;
    return (this.#queue?.length ?? 0) + staged + (carrier?.held ?? 0);
  }

  get pending(): boolean {
    return this.#readable;
  }

  acknowledge(): void {
    if (this.#over || this.remote.family === 'unix') return;
    this.#poller.system.setOption(this.#descriptor, TCP_QUICKACK, ACKNOWLEDGE_ONCE);
  }

  hasNews(): boolean {
    if (this.#readable || this.#over) return true;
    // A look at the events that were taken already saves a call into the kernel for each request of a new client.
    return this.#poller.hasEvent(this.#descriptor) ?? this.#poller.system.peek(this.#descriptor) !== -EAGAIN;
  }

  write(octets: Uint8Array, start = 0, end: number = octets.length): boolean {
    if (this.#finished || this.#over || this.#sendError !== undefined || start >= end) return true;
    let from = start;
    if (this.#queue === undefined) {
      if (this.#stage(octets, start, end)) return true;
      this.flushStaged();
      if (this.#sendError !== undefined) return false;
    }
    if (this.#queue === undefined) {
      const sent = this.#poller.system.send(this.#descriptor, octets, start, end);
      if (sent === end - start) return true;
      if (sent < 0) {
        if (sent !== -EAGAIN && sent !== -EINTR) return this.#failToSend(-sent);
      } else from += sent;
      this.#queue = new SendQueue();
      // The interruption of a signal is no edge.
      if (sent === -EINTR) this.#poller.queue(this);
    }
    this.#queue.append(octets, from, end);
    this.#drainDue = true;
    return false;
  }

  /** Has octets wait for the end of the turn, behind those that do already; returns whether that is for such ones. */
  #stage(octets: Uint8Array, start: number, end: number): boolean {
    if (this.#heldEnd > this.#heldStart) return false;
    const { staging } = this.#poller;
    const waits = this.#stagedEnd > this.#stagedStart;
    if (waits && staging.extend(this.#stagedEnd, octets, start, end)) {
      this.#stagedEnd += end - start;
      return true;
    }
    const staged = waits ? -1 : staging.put(this, octets, start, end);
    if (staged >= 0) {
      this.#stagedStart = staged;
      this.#stagedEnd = staged + end - start;
      return true;
    }
    if (!staging.hold(waits ? undefined : this, octets, start, end)) return false;
    this.#heldStart = start;
    this.#heldEnd = end;
    return true;
  }

  /** The end of the turn, or something that must not overtake what waits for it. */
  flushStaged(): void {
    const start = this.#stagedStart;
    const end = this.#stagedEnd;
    const from = this.#heldStart;
    const to = this.#heldEnd;
    const length = end - start + to - from;
    if (length === 0) return;
    this.#forgetStaged();
    const { system } = this.#poller;
    const descriptor = this.#descriptor;
    const result =
      from === to ? system.sendStaged(descriptor, start, end) : system.sendJoined(descriptor, start, end, from, to);
    if (result === length) return;
    if (result < 0 && result !== -EAGAIN && result !== -EINTR) {
      this.#failToSend(-result);
      return;
    }
    const sent = Math.max(result, 0);
    const staged = Math.min(sent, end - start);
    this.#queue = new SendQueue();
    this.#queue.append(system.staged, start + staged, end);
    this.#queue.append(system.received, from + sent - staged, to);
    if (result === -EINTR) this.#poller.queue(this);
  }

  #forgetStaged(): void {
    this.#stagedStart = this.#stagedEnd = 0;
    this.#heldStart = this.#heldEnd = 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#readable && !this.#over) this.#poller.queue(this);
  }

  end(isLast = false): void {
    if (this.#finished || this.#over) return;
    this.flushStaged();
    this.#finished = true;
    this.#isLast = isLast;
    if (this.#queue === undefined) this.#finish();
  }

  destroy(error?: Error): void {
    if (this.#over) return;
    this.flushStaged();
    this.#close(error, error !== undefined);
  }

  forward(to: Connection, octets = Infinity): boolean {
    if (!(to instanceof EpollConnection) || to === this || this.#carrier !== undefined) return false;
    if (this.#over || this.#ended || to.#over || to.#finished || to.#sender !== undefined) return false;
    to.flushStaged();
    this.#carrier = new Carrier(to, this.#poller.system, this.#poller.pipes, octets);
    to.#sender = this;
    this.#readable = true;
    this.#poller.queue(this);
    return true;
  }

  /** Something was known about the socket before this object had it. */
  foresee(mask: number): void {
    if ((mask & NEWS_TO_READ) === 0) return;
    this.#readable = true;
    if ((mask & NO_MORE_TO_COME) !== 0) this.#lastOctets = true;
  }

  override onEvents(mask: number): Outcome {
    const read = (mask & NEWS_TO_READ) === 0 ? NOTHING : this.#onReadable(mask);
    return (mask & EVENT_OUT) === 0 ? read : together(read, this.#onWritable());
  }

  #onReadable(mask: number): Outcome {
    this.#readable = true;
    if ((mask & NO_MORE_TO_COME) !== 0) this.#lastOctets = true;
    // Who waits for a turn already does not get another one.
    if (this.hasWork) return this.#nothingNew();
    return this.#paused ? NOTHING : this.#read();
  }

  #onWritable(): Outcome {
    if (this.#queue !== undefined) return this.#flush();
    // News of octets that were carried meanwhile is this without them.
    return this.#sender === undefined ? this.#nothingNew() : this.#sender.carryOn();
  }

  #nothingNew(): Outcome {
    return this.#carrier === undefined ? NOTHING : spliced(0);
  }

  /** There is room for what this connection carries. */
  carryOn(): Outcome {
    this.#unblock();
    if (this.hasWork) return this.#nothingNew();
    return this.#over ? NOTHING : this.#carry();
  }

  override onWork(): Outcome {
    if (this.#over) return NOTHING;
    let outcome = NOTHING;
    if (this.#carrier !== undefined && this.#sendError === undefined) outcome = this.#carry();
    else if (this.#readable && !this.#paused) outcome = this.#read();
    else if (this.#sendError !== undefined) this.#close(this.#sendError, false);
    // After an edge that came to nothing, because a signal interrupted.
    if (this.#queue !== undefined && !this.#over) outcome = together(outcome, this.#flush());
    // After a handler that threw when it heard of the end.
    this.#closeWhenDone();
    return outcome;
  }

  /** One `recv`; one more when it is known to be the last. What is left then waits for its next turn. */
  #read(): Outcome {
    if (this.#carrier !== undefined) return this.#carry();
    const { system, staging } = this.#poller;
    const at = staging.room;
    const first = system.receive(this.#descriptor, at);
    if (first <= 0) return this.#readNothing(first);
    this.#deliver(at, first);
    if (!this.#readable || this.#paused || this.#over || this.#carrier !== undefined) return received(first);
    if (this.#lastOctets && first < RECEIVE_LENGTH) return together(received(first), this.#readLast());
    this.#poller.queue(this);
    return received(first);
  }

  #readLast(): Outcome {
    const { system, staging } = this.#poller;
    const at = staging.room;
    const last = system.receive(this.#descriptor, at);
    if (last <= 0) return this.#readNothing(last);
    this.#deliver(at, last);
    if (this.#readable && !this.#paused && !this.#over) this.#poller.queue(this);
    return received(last);
  }

  /** `result` is 0 for the peer's end, or a negated errno. */
  #readNothing(result: number): Outcome {
    if (result === 0) this.#deliverEnd();
    else this.#failToReceive(-result);
    return HANDLED;
  }

  /** What `#read` does while octets go straight to another connection. */
  #carry(): Outcome {
    const carrier = this.#carrier;
    if (carrier === undefined) return NOTHING;
    if (carrier.blocked) return spliced(0);
    const { receiver } = carrier;
    // A receiver that is gone has told its owner. One with a queue calls again when that has gone out.
    if (receiver.#over || receiver.#sendError !== undefined || receiver.#queue !== undefined) return NOTHING;
    const take = this.#readable && !this.#paused;
    const progress = carrier.carry(this.#descriptor, receiver.#descriptor, take);
    const { carried } = carrier;
    // What follows is delivered as usual, and the owner may hear of the last octets with everything in order.
    if (progress.state === 'done') this.#endCarrying();
    if (carried > 0) this.handler.forwarded?.(carried);
    if (this.#over) return received(carried);
    switch (progress.state) {
      case 'more':
        this.#poller.queueSplicing(this);
        return spliced(carried);
      case 'empty':
        if (take) this.#failToReceive(EAGAIN);
        return spliced(carried);
      case 'blocked':
        // The owner, who has just heard of octets, may have given up this receiver.
        if (this.#carrier === carrier) {
          carrier.blocked = true;
          this.#poller.listenTo(this.#descriptor, this, false);
        }
        return spliced(carried);
      case 'ended':
        this.#deliverEnd();
        break;
      case 'done':
        break;
      case 'no-pipe':
        if (!carrier.bounded) return this.#copy(receiver);
        // The owner can do with octets, too.
        this.#endCarrying();
        break;
      case 'failed':
        if (progress.side === 'receiver') receiver.#failToSend(progress.errno);
        else this.#failToReceive(progress.errno);
    }
    return received(carried);
  }

  #unblock(): void {
    const carrier = this.#carrier;
    if (carrier?.blocked !== true) return;
    carrier.blocked = false;
    if (!this.#over) this.#poller.listenTo(this.#descriptor, this, true);
  }

  /** From here on octets are delivered as usual. */
  #endCarrying(): void {
    this.#unblock();
    this.#letGoOfReceiver();
    this.#readable = true;
    if (!this.#paused) this.#poller.queue(this);
  }

  /** One turn of carrying without a pipe. */
  #copy(receiver: EpollConnection): Outcome {
    const { system, staging } = this.#poller;
    const at = staging.room;
    const length = system.receive(this.#descriptor, at);
    if (length <= 0) return this.#readNothing(length);
    const drainDue = receiver.#drainDue;
    receiver.write(system.received, at, at + length);
    // The owner did not write this.
    receiver.#drainDue = drainDue;
    this.#poller.queue(this);
    this.handler.forwarded?.(length);
    return received(length);
  }

  #deliver(at: number, length: number): void {
    // Less than asked for was all there is, and more will be an edge; but an end that came before is not.
    if (length < RECEIVE_LENGTH && !this.#lastOctets) this.#readable = false;
    this.handler.data(this.#poller.system.received, at, at + length);
  }

  #deliverEnd(): void {
    this.#readable = false;
    if (this.#sendError !== undefined) {
      this.#close(this.#sendError, false);
      return;
    }
    if (this.#ended) return;
    this.#ended = true;
    this.handler.ended();
    this.#closeWhenDone();
  }

  #failToReceive(errno: number): void {
    if (errno === EINTR) {
      this.#poller.queue(this);
      return;
    }
    this.#readable = false;
    if (this.#sendError !== undefined) this.#close(this.#sendError, false);
    else if (errno !== EAGAIN) this.#close(systemError(errno, 'read', this.remote), false);
  }

  /** What the peer sent before it hung up (an answer, a reason) is worth reading; then the connection closes. */
  #failToSend(errno: number): false {
    this.#sendError = systemError(errno, 'write', this.remote);
    this.#queue = undefined;
    this.#drainDue = false;
    this.#readable = true;
    this.#lastOctets = true;
    this.#poller.queue(this);
    return false;
  }

  #flush(): Outcome {
    const queue = this.#queue;
    if (queue === undefined) return NOTHING;
    const result = queue.drain(this.#poller.system, this.#descriptor);
    if (result === -EINTR) this.#poller.queue(this);
    else if (result < 0 && result !== -EAGAIN) this.#failToSend(-result);
    if (result < 0) return HANDLED;
    this.#queue = undefined;
    if (this.#finished) this.#finish();
    if (this.#drainDue) {
      this.#drainDue = false;
      this.handler.drained();
    }
    if (this.#over || this.#sender === undefined) return HANDLED;
    return together(HANDLED, this.#sender.carryOn());
  }

  #finish(): void {
    this.#finSent = true;
    // Closing sends FIN, too, when nothing is left unread; the kernel sees to what is on its way.
    if (this.#ended || (this.#isLast && !this.#readable)) this.#close(undefined, false);
    // It fails only when the peer has reset the connection, which reading tells.
    else this.#poller.system.finish(this.#descriptor);
  }

  #closeWhenDone(): void {
    if (this.#ended && this.#finSent && !this.#over) this.#close(undefined, false);
  }

  /** Closes the descriptor; `closed` follows from the event loop. */
  #close(error: Error | undefined, reset: boolean): void {
    const { system } = this.#poller;
    this.#over = true;
    this.#error = error;
    this.#forgetStaged();
    this.#queue = undefined;
    this.#drainDue = false;
    if (reset && this.remote.family !== 'unix') system.resetOnClose(this.#descriptor);
    this.#stopCarrying();
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    this.#poller.queueClosed(this);
    this.#poller.close(descriptor);
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
    if (sender !== undefined && !sender.#over) sender.#endCarrying();
  }

  override onClosed(): void {
    const { handler } = this;
    this.handler = ignoreEvents;
    if (this.#error === undefined) handler.closed();
    else handler.closed(this.#error);
  }
}
