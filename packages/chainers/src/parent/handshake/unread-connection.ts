import {
  type Connection,
  type ConnectionHandler,
  ignoreEvents,
  type LayeredConnection,
  type ServerTlsFacts,
  type SockAddr,
} from '@inband/core';

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** A connection of which more was read than the handshake needed: `unread` is delivered first. Then it is the one underneath. */
export class UnreadConnection implements LayeredConnection {
  readonly serverTls: ServerTlsFacts | undefined;
  readonly #carrier: LayeredConnection;
  #unread: Buffer | undefined;
  #handler: ConnectionHandler = ignoreEvents;
  #paused = true;
  #scheduled = false;

  /** Takes over `carrier`, which is paused. */
  constructor(carrier: LayeredConnection, unread: Buffer) {
    this.serverTls = carrier.serverTls;
    this.#carrier = carrier;
    this.#unread = unread;
  }

  get handler(): ConnectionHandler {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#handler = handler;
    this.#carrier.handler = handler;
  }

  get local(): SockAddr {
    return this.#carrier.local;
  }

  get remote(): SockAddr {
    return this.#carrier.remote;
  }

  get queued(): number {
    return this.#carrier.queued;
  }

  get coalescesWrites(): boolean {
    return this.#carrier.coalescesWrites === true;
  }

  get pending(): boolean {
    return this.#unread !== undefined || this.#carrier.pending === true;
  }

  hasUnreadInput(): boolean {
    return this.#unread !== undefined || this.#carrier.hasUnreadInput?.() === true;
  }

  acknowledge(): void {
    this.#carrier.acknowledge?.();
  }

  write(bytes: Uint8Array, start?: number, end?: number): boolean {
    return this.#carrier.write(bytes, start, end);
  }

  pause(): void {
    this.#paused = true;
    this.#carrier.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#unread === undefined) return this.#carrier.resume();
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextIteration(deliverLater, this);
  }

  forward(to: Connection, bytes?: number): boolean {
    return this.#unread === undefined && this.#carrier.forward?.(to, bytes) === true;
  }

  end(isLast?: boolean): void {
    // It may not close before the owner has got what is unread.
    this.#carrier.end(isLast === true && this.#unread === undefined);
  }

  destroy(error?: Error): void {
    this.#unread = undefined;
    this.#carrier.destroy(error);
  }

  /** @internal */
  deliver(): void {
    this.#scheduled = false;
    const unread = this.#unread;
    if (unread === undefined || this.#paused) return;
    this.#unread = undefined;
    this.#handler.data(unread, 0, unread.length);
    // The owner may have paused it from within.
    if (!this.#isPaused()) this.#carrier.resume();
  }

  #isPaused(): boolean {
    return this.#paused;
  }
}

function deliverLater(connection: UnreadConnection): void {
  connection.deliver();
}
