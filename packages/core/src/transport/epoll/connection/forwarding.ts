import type { ConnectionHandler } from '../../../base/connection.ts';
import { HANDLED, NOTHING, received, spliced } from '../poller/outcome.ts';
import type { Outcome } from '../poller/outcome.ts';
import type { Poller } from '../poller/poller.ts';
import type { Watched } from '../poller/watched.ts';
import { EAGAIN } from '../system/errno-names.ts';
import { Splice } from './splice.ts';
import type { Progress } from './splice.ts';

/** What a {@link Forwarding} knows of the connection at either end of it. */
export interface ForwardingEnd extends Watched {
  readonly descriptor: number;
  readonly handler: ConnectionHandler;
  readonly isClosed: boolean;
  /** Whether sending has failed. Then it is read to its end, and closes. */
  readonly hasFailed: boolean;
  /** Whether the kernel had no room for what was written. */
  readonly hasQueue: boolean;
  readonly isPaused: boolean;
  /** Whether it is to be read now. */
  readonly isDue: boolean;
  /** What takes the bytes that arrive here to another connection, and what brings those of another one. */
  outgoing: Forwarding | undefined;
  incoming: Forwarding | undefined;

  onEof(): void;
  onReceiveError(errno: number): void;
  /** `result` is 0 for the peer's end, or a negated errno. */
  onNothingReceived(result: number): Outcome;
  onSendError(errno: number): void;
  /** Sends bytes that its owner did not write. */
  sendForeign(bytes: Uint8Array, start: number, end: number): void;
  /** From here on its bytes are delivered to its handler. */
  onForwardingOver(): void;
  /** The other end has failed. If both have, each would wait for the other. */
  onReceiverFailed(): void;
}

/**
 * The bytes of one connection on their way to another one, without the owner of either (`Connection.forward`). It says when to
 * move bytes, by {@link Splice}, and what follows from what that came to.
 *
 * - It runs when the sender is to be read, and when the receiver has room again.
 * - While the receiver has no room it is *blocked*: the sender has no events for bytes that arrive, because a fast one would wake
 *   the process for every segment.
 * - It is over when the sender's end was read, after as many bytes as were asked for, and when one of the two is closed.
 */
export class Forwarding {
  readonly #sender: ForwardingEnd;
  readonly #receiver: ForwardingEnd;
  readonly #poller: Poller;
  readonly #splice: Splice;
  /** The receiver has no room, and its next event will tell when it has. */
  #isBlocked = false;
  #isOver = false;

  /** `bytes`: after how many it is over. */
  constructor(sender: ForwardingEnd, receiver: ForwardingEnd, poller: Poller, bytes: number) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.#poller = poller;
    this.#splice = new Splice(poller.system, poller.pipes, bytes);
    sender.outgoing = this;
    receiver.incoming = this;
  }

  /** Bytes that have left the sender and not reached the receiver. */
  get inPipe(): number {
    return this.#splice.inPipe;
  }

  /** Moves what there is. Called instead of reading the sender. */
  run(): Outcome {
    if (this.#isBlocked) return spliced(0);
    const sender = this.#sender;
    const receiver = this.#receiver;
    // A receiver with a queue calls again when that has been sent.
    if (receiver.isClosed || receiver.hasQueue) return NOTHING;
    if (receiver.hasFailed) {
      // It closes when it has read what its peer had sent, which ends this.
      sender.onReceiverFailed();
      return HANDLED;
    }
    const take = sender.isDue;
    const progress = this.#splice.move(sender.descriptor, receiver.descriptor, take);
    const { moved } = this.#splice;
    // First, because the owner may call `forward` once more.
    if (progress.state === 'done') this.end();
    if (moved > 0) sender.handler.forwarded?.(moved);
    return sender.isClosed ? received(moved) : this.#onProgress(progress, moved, take);
  }

  /** After the owner was told of the bytes that were moved, who may have paused the sender or given up the receiver. */
  #onProgress(progress: Progress, moved: number, take: boolean): Outcome {
    switch (progress.state) {
      case 'more':
        this.#poller.queueSplicing(this.#sender);
        return spliced(moved);
      case 'empty':
        if (take) this.#sender.onReceiveError(EAGAIN);
        return spliced(moved);
      case 'blocked':
        if (!this.#isOver) this.#block();
        return spliced(moved);
      case 'ended':
        // Otherwise the end is read once more after `resume`.
        if (!this.#sender.isPaused) this.#sender.onEof();
        break;
      case 'done':
        break;
      case 'no-pipe':
        if (!this.#splice.bounded) return this.#copy();
        // What is left of so many bytes is delivered, because their owner can write them.
        this.end();
        break;
      case 'failed':
        if (progress.side === 'sender') this.#sender.onReceiveError(progress.errno);
        else if (!this.#isOver) this.#receiver.onSendError(progress.errno);
    }
    return received(moved);
  }

  /** Moves bytes to the receiver without a pipe. */
  #copy(): Outcome {
    const { system, coalescer } = this.#poller;
    const sender = this.#sender;
    const at = coalescer.room;
    const length = system.receive(sender.descriptor, at);
    if (length <= 0) return sender.onNothingReceived(length);
    this.#receiver.sendForeign(system.received, at, at + length);
    this.#poller.queue(sender);
    sender.handler.forwarded?.(length);
    return received(length);
  }

  /** An event says that the receiver has room, or its queue was sent. */
  onReceiverWritable(): Outcome {
    this.#unblock();
    if (this.#sender.hasWork) return spliced(0);
    return this.#sender.isClosed ? NOTHING : this.run();
  }

  /** The same, where it goes on as work. */
  onReceiverDrained(): void {
    this.#unblock();
    this.#poller.queue(this.#sender);
  }

  #block(): void {
    this.#isBlocked = true;
    this.#poller.set.listenTo(this.#sender.descriptor, this.#sender, false);
  }

  #unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    if (!this.#sender.isClosed) this.#poller.set.listenTo(this.#sender.descriptor, this.#sender, true);
  }

  /** The sender's bytes go to its owner again. */
  end(): void {
    this.#unblock();
    this.drop();
    this.#sender.onForwardingOver();
  }

  /** The sender is closed, and what is in the pipe is lost. */
  drop(): void {
    this.#isOver = true;
    this.#splice.close();
    this.#sender.outgoing = undefined;
    this.#receiver.incoming = undefined;
  }
}
