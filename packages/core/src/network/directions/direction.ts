import type { Connection, ConnectionHandler } from '../../base/connection.ts';
import type { ProxyError } from '../../base/errors.ts';

/** After so many bytes of a direction the transport is asked to forward the rest (splice). */
export const BULKY = 512 * 1024;

/** What a direction tells the relay that it is a part of. */
export interface DirectionOwner {
  progressed(): void;
  /** One side has finished. */
  halfClosed(direction: Direction): void;
  /** A limit of the session ends it. */
  limitReached(error: ProxyError): void;
  /** `from` is closed. */
  closed(direction: Direction, error: Error | undefined): void;
}

/** One direction of a relay: what `from` sends goes to `to`. */
export class Direction implements ConnectionHandler {
  readonly from: Connection;
  readonly relay: DirectionOwner;
  carried = 0;
  /** Whether `from` has finished sending. */
  over = false;
  protected readonly to: Connection;
  /** Of all relays. */
  readonly #total: { bytes: number };
  /** Whether the transport has refused to forward. */
  #refused = false;

  constructor(from: Connection, to: Connection, relay: DirectionOwner, total: { bytes: number }) {
    this.#total = total;
    this.from = from;
    this.to = to;
    this.relay = relay;
  }

  /** A limit keeps it from being read. */
  get isHeld(): boolean {
    return false;
  }

  attach(): void {
    this.from.handler = this;
  }

  begin(early: Buffer | undefined): void {
    this.from.resume();
    if (early !== undefined && early.length > 0) this.data(early, 0, early.length);
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.carried += end - start;
    this.#total.bytes += end - start;
    this.relay.progressed();
    if (!this.to.write(bytes, start, end)) this.from.pause();
    if (this.carried >= BULKY && !this.#refused) this.#refused = this.from.forward?.(this.to) !== true;
  }

  forwarded(bytes: number): void {
    this.count(bytes);
  }

  protected count(bytes: number): void {
    this.carried += bytes;
    this.#total.bytes += bytes;
    this.relay.progressed();
  }

  /** `from` has taken what was queued for it, so the other side may go on sending. */
  drained(): void {
    this.relay.progressed();
    this.to.resume();
  }

  ended(): void {
    this.over = true;
    this.to.end();
    this.relay.halfClosed(this);
  }

  closed(error?: Error): void {
    this.relay.closed(this, error);
  }
}
