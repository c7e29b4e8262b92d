import type { Flow, FlowOwner } from '../../limits/bytes/flow.ts';
import { BULKY, Direction } from './direction.ts';

/** Bytes that one read of a transport may bring. Where less may be read, the transport is asked to forward just that. */
const ONE_READ = 256 * 1024;

/**
 * A direction whose bytes are limited. While its flow is held it is not read, so that the sender is slowed down by its own flow control (TCP),
 * and nothing is kept here. What is spliced is asked for in parts of as many bytes as may be read.
 */
export class LimitedDirection extends Direction implements FlowOwner {
  /** The direction of the other side's bytes. Set once, before anything is read. */
  opposite!: LimitedDirection;
  /** Set once, before anything is read. */
  flow!: Flow;
  /** `to` does not keep up. */
  #isFull = false;

  override get isHeld(): boolean {
    return this.flow.isHeld;
  }

  override begin(early: Buffer | undefined): void {
    if (early !== undefined && early.length > 0) this.data(early, 0, early.length);
    this.#goOn();
  }

  override data(bytes: Buffer, start: number, end: number): void {
    this.flow.moved(end - start);
    if (this.flow.exceeded !== undefined) return this.relay.limitReached(this.flow.exceeded);
    this.count(end - start);
    if (!this.to.write(bytes, start, end)) this.#isFull = true;
    this.#goOn();
  }

  override forwarded(bytes: number): void {
    this.count(bytes);
    this.flow.moved(bytes);
    if (this.flow.exceeded !== undefined) return this.relay.limitReached(this.flow.exceeded);
    this.#goOn();
  }

  override drained(): void {
    this.relay.progressed();
    this.opposite.#receiverDrained();
  }

  override ended(): void {
    this.flow.close();
    super.ended();
  }

  override closed(error?: Error): void {
    this.flow.close();
    super.closed(error);
  }

  flowHeld(): void {
    this.from.pause();
  }

  flowReleased(): void {
    this.#goOn();
  }

  #receiverDrained(): void {
    this.#isFull = false;
    this.#goOn();
  }

  #goOn(): void {
    if (this.over) return;
    if (this.#isFull || this.flow.isHeld) return this.from.pause();
    const { most } = this.flow;
    // `forward` does nothing while the last part is not through.
    if (this.carried >= BULKY || most < ONE_READ) this.from.forward?.(this.to, most);
    this.from.resume();
  }
}
