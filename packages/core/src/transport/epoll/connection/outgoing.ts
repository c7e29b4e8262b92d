import type { SockAddr } from '../../../base/address.ts';
import type { Poller } from '../poller/poller.ts';
import { EAGAIN, EINTR } from '../system/errno-names.ts';
import { ConnectedSocket } from './connected-socket.ts';
import { SendQueue } from './send-queue.ts';
import type { CoalescedWriter } from '../poller/write-coalescer.ts';

/**
 * A connected socket with the bytes that were written to it and have not left. Short writes wait in the staging buffer until the
 * end of the event-loop iteration (`poller/write-coalescer.ts`). When the kernel has no room, the rest is copied to a queue.
 * Empty, it holds no buffer.
 *
 * Results are 0 when nothing is left to do, or a negated errno. After EAGAIN and EINTR the rest is in the queue; EAGAIN is
 * followed by an event when there is room, EINTR is not. After any other errno the bytes are lost.
 */
export abstract class Outgoing extends ConnectedSocket implements CoalescedWriter {
  declare protected waiting: SendQueue | undefined;
  /** The part of the staging buffer that is to be sent at the end of the iteration. Only while there is no queue. */
  declare protected stagedStart: number;
  declare protected stagedEnd: number;
  /** The part of the receive buffer that is to be sent behind it. */
  declare protected keptStart: number;
  declare protected keptEnd: number;

  constructor(poller: Poller, descriptor: number, remote: SockAddr, local: SockAddr | undefined) {
    super(poller, descriptor, remote, local);
    this.waiting = undefined;
    this.stagedStart = 0;
    this.stagedEnd = 0;
    this.keptStart = 0;
    this.keptEnd = 0;
  }

  abstract flushWrites(): void;

  /** Bytes that have not left. */
  protected get unsent(): number {
    return (this.waiting?.length ?? 0) + this.stagedEnd - this.stagedStart + this.keptEnd - this.keptStart;
  }

  /** Whether the kernel had no room, so that what is written waits in the queue. */
  get hasQueue(): boolean {
    return this.waiting !== undefined;
  }

  /** Sends `bytes[start..end)`, or has them wait behind those that do already. */
  protected send(bytes: Uint8Array, start: number, end: number): number {
    if (this.waiting !== undefined) {
      this.waiting.append(bytes, start, end);
      return -EAGAIN;
    }
    if (this.coalesce(bytes, start, end)) return 0;
    const result = this.sendCoalesced();
    if (result === 0) return this.sendNow(bytes, start, end);
    if (!isFailure(result)) this.makeQueue().append(bytes, start, end);
    return result;
  }

  protected sendNow(bytes: Uint8Array, start: number, end: number): number {
    const result = this.poller.system.send(this.descriptor, bytes, start, end);
    if (result === end - start) return 0;
    if (isFailure(result)) return result;
    this.makeQueue().append(bytes, start + Math.max(result, 0), end);
    return result < 0 ? result : -EAGAIN;
  }

  /** Has bytes wait for the end of the iteration, behind those that do already. Returns whether they may. */
  protected coalesce(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.keptEnd > this.keptStart) return false;
    const { coalescer } = this.poller;
    const waits = this.stagedEnd > this.stagedStart;
    if (waits && coalescer.extend(this.stagedEnd, bytes, start, end)) {
      this.stagedEnd += end - start;
      return true;
    }
    const staged = waits ? -1 : coalescer.copy(this, bytes, start, end);
    if (staged >= 0) {
      this.stagedStart = staged;
      this.stagedEnd = staged + end - start;
      return true;
    }
    if (!coalescer.keep(waits ? undefined : this, bytes, start, end)) return false;
    this.keptStart = start;
    this.keptEnd = end;
    return true;
  }

  /** Sends what waits for the end of the iteration: then, or before something that must not overtake it. */
  protected sendCoalesced(): number {
    const start = this.stagedStart;
    const end = this.stagedEnd;
    const from = this.keptStart;
    const to = this.keptEnd;
    const length = end - start + to - from;
    if (length === 0) return 0;
    this.forgetCoalesced();
    const { system } = this.poller;
    const { descriptor } = this;
    const result =
      from === to ? system.sendStaged(descriptor, start, end) : system.sendJoined(descriptor, start, end, from, to);
    if (result === length) return 0;
    if (isFailure(result)) return result;
    const sent = Math.max(result, 0);
    const staged = Math.min(sent, end - start);
    const queue = this.makeQueue();
    queue.append(system.staged, start + staged, end);
    queue.append(system.received, from + sent - staged, to);
    return result < 0 ? result : -EAGAIN;
  }

  /** Sends what the kernel takes of the queue. */
  protected sendQueue(): number {
    const result = this.waiting === undefined ? 0 : this.waiting.drain(this.poller.system, this.descriptor);
    if (result === 0) this.waiting = undefined;
    return result;
  }

  protected makeQueue(): SendQueue {
    return (this.waiting ??= new SendQueue());
  }

  /** Drops everything. */
  protected dropUnsent(): void {
    this.forgetCoalesced();
    this.waiting?.clear();
    this.waiting = undefined;
  }

  protected forgetCoalesced(): void {
    this.stagedStart = this.stagedEnd = 0;
    this.keptStart = this.keptEnd = 0;
  }
}

function isFailure(result: number): boolean {
  return result < 0 && result !== -EAGAIN && result !== -EINTR;
}
