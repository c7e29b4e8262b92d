import { ignoreEvents } from '@inband/core';
import type { Connection, ConnectionHandler, SockAddr } from '@inband/core';
import { truncationError } from '../base/connection-errors.ts';
import type { TlsFacts } from '../base/facts.ts';
import type { HandshakeDone, TlsConnection } from '../base/implementation.ts';
import { awaitsMore, canReceive, canSend, isOver, nextState } from './connection-state.ts';
import type { ConnectionState } from './connection-state.ts';
import { connectionError, unreadAnswersError } from './failures.ts';
import type { EngineFault, TlsEngine } from '../base/tls-engine.ts';

/**
 * Bytes that answers within TLS (to key updates, to renegotiation) may take behind a full queue. OpenSSL writes one for each
 * request, so that a peer that never reads would have the queue grow.
 */
const MOST_ANSWERS = 16 * 1024;

/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/**
 * A {@link Connection} over which TLS is spoken: what the carrier delivers is decrypted, and what the owner writes is encrypted and
 * written to the carrier in the same call. It owns both the carrier and the engine, which is freed when the carrier is destroyed
 * or closed.
 *
 * It buffers nothing itself. While the owner has paused it, so is the carrier, and the engine holds at most what the
 * carrier delivered in its last event. As long as the engine holds something, the carrier stays paused.
 *
 * Its events come from within those of the carrier, or in an iteration after `resume`. The states are in connection-state.ts.
 */
export class EngineConnection implements TlsConnection, ConnectionHandler {
  readonly tls: TlsFacts;
  handler: ConnectionHandler = ignoreEvents;

  readonly #carrier: Connection;
  readonly #engine: TlsEngine;
  #state: ConnectionState = 'open';
  #paused = true;
  /** Whether the engine may hold bytes, or an end, that were not delivered. */
  #unread: boolean;
  #scheduled = false;
  /** Whether a `write` returned false and `drained` has not followed yet. */
  #drainDue = false;
  /** Whether what OpenSSL wrote by itself waits for what the owner writes, or for the next event. */
  #holdsBack = false;
  /** Bytes of answers since the queue of the carrier is full. */
  #answered = 0;
  /** Why it was closed. */
  #error: Error | undefined = undefined;

  /** Takes over a carrier that is paused, and an engine whose handshake is done. */
  constructor(carrier: Connection, engine: TlsEngine, facts: TlsFacts) {
    this.#carrier = carrier;
    this.#engine = engine;
    this.tls = facts;
    // Behind the handshake there may be data.
    this.#unread = engine.hasInput;
    carrier.handler = this;
  }

  protected get carrier(): Connection {
    return this.#carrier;
  }

  get local(): SockAddr {
    return this.#carrier.local;
  }

  get remote(): SockAddr {
    return this.#carrier.remote;
  }

  /** Encrypted bytes. */
  get queued(): number {
    return isOver(this.#state) ? 0 : this.#carrier.queued;
  }

  /** Encrypted bytes. */
  unacknowledged(): number | undefined {
    return isOver(this.#state) ? 0 : this.#carrier.unacknowledged?.();
  }

  get pending(): boolean {
    return this.#unread || this.#carrier.pending === true;
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!canSend(this.#state) || start >= end) return true;
    const fault = this.#engine.write(bytes, start, end);
    const keepsUp = this.#send() === 0;
    if (fault !== undefined) this.#fail(fault);
    else if (!keepsUp) this.#drainDue = true;
    return keepsUp || fault !== undefined;
  }

  pause(): void {
    this.#paused = true;
    // After the peer's end it is only awaited that the carrier closes.
    if (canReceive(this.#state)) this.#carrier.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (isOver(this.#state)) return;
    if (!this.#unread) this.#carrier.resume();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      nextIteration(deliverLater, this);
    }
  }

  end(isLast = false): void {
    if (!canSend(this.#state)) return;
    this.#engine.shutdown();
    this.#send();
    this.#state = nextState(this.#state, isLast ? 'end-last' : 'end');
    this.#carrier.end(isLast || this.#state === 'both-ended');
    this.#closeWhenOver();
  }

  destroy(error?: Error): void {
    if (isOver(this.#state)) return;
    // With an error it is the reset that tells the peer. There is no alert that says more, and close_notify would hide it.
    if (error === undefined && canSend(this.#state)) {
      this.#engine.shutdown();
      this.#send();
    }
    this.#close(error, error);
  }

  /** For the carrier only. */
  data(bytes: Buffer, start: number, end: number): void {
    if (!canReceive(this.#state)) return;
    this.#engine.feed(bytes, start, end);
    this.#unread = true;
    this.#holdsBack = false;
    this.#deliver();
  }

  /** For the carrier only. */
  drained(): void {
    this.#answered = 0;
    if (this.#drainDue) {
      this.#drainDue = false;
      this.handler.drained();
    }
    this.#closeWhenOver();
  }

  /** For the carrier only. */
  ended(): void {
    // The owner's end is told by close_notify alone, which comes before.
    if (awaitsMore(this.#state)) this.#close(truncationError(this.remote), undefined);
  }

  /** For the carrier only. */
  closed(error?: Error): void {
    if (this.#state === 'closed') return;
    const reason = this.#state === 'closing' ? this.#error : this.#reasonOf(error);
    const { handler } = this;
    this.#engine.free();
    this.#state = nextState(this.#state, 'told');
    this.handler = ignoreEvents;
    if (reason === undefined) handler.closed();
    else handler.closed(reason);
  }

  /**
   * For the handshake only, within an event of the carrier: gives the connection to its owner, and then what came together with the end of
   * the handshake, if the owner has resumed it. Many clients send their first request so. `holdsBack`: what the engine has to send leaves
   * with what the owner writes.
   */
  handTo(done: HandshakeDone, holdsBack = false): void {
    this.#holdsBack = holdsBack;
    // `resume` leaves it to this call to deliver.
    this.#scheduled = true;
    done(undefined, this);
    this.#scheduled = false;
    if (this.#unread) this.#deliver();
  }

  /** For {@link deliverLater} only. */
  deliverLater(): void {
    this.#scheduled = false;
    this.#holdsBack = false;
    this.#deliver();
  }

  /** Delivers what the engine holds, until the owner pauses. */
  #deliver(): void {
    const engine = this.#engine;
    while (!this.#paused && canReceive(this.#state)) {
      const outcome = engine.read();
      this.#answer();
      if (typeof outcome !== 'number') return outcome === 'closed' ? this.#onCloseNotify() : this.#fail(outcome);
      // A handler may have the other engines use their common buffer, but only after it has read these bytes.
      if (outcome > 0 && canReceive(this.#state)) this.handler.data(engine.plain, 0, outcome);
      if (!engine.hasInput) return this.#onAllRead();
    }
    this.#unread = engine.hasInput;
  }

  /** The handler may have paused or ended it. */
  #onAllRead(): void {
    this.#unread = false;
    if (!this.#paused && canReceive(this.#state)) this.#carrier.resume();
  }

  #onCloseNotify(): void {
    this.#unread = false;
    this.#state = nextState(this.#state, 'close-notify');
    this.#carrier.resume();
    this.handler.ended();
    this.#closeWhenOver();
  }

  /** Sends what reading has made OpenSSL write. */
  #answer(): void {
    if (this.#holdsBack) return;
    this.#answered += this.#send();
    if (this.#answered > MOST_ANSWERS) this.#close(unreadAnswersError(this.remote), undefined);
  }

  /** Writes what is encrypted to the carrier. Returns how many bytes it did not keep up with. */
  #send(): number {
    const engine = this.#engine;
    const carrier = this.#carrier;
    let waiting = 0;
    for (let length = engine.takeCipher(); length > 0; length = engine.takeCipher()) {
      if (!carrier.write(engine.cipher, 0, length)) waiting += length;
    }
    return waiting;
  }

  /** Both have said that they send nothing more, so that what the carrier still waits for is of no use. */
  #closeWhenOver(): void {
    if (this.#state === 'both-ended' && this.#carrier.queued === 0) this.#close(undefined, undefined);
  }

  #fail(fault: EngineFault): void {
    // An alert, perhaps.
    this.#send();
    this.#close(connectionError(fault, this.remote), undefined);
  }

  /** With `reset` the peer's transport sees it as well. `closed` follows from the carrier. */
  #close(error: Error | undefined, reset: Error | undefined): void {
    if (isOver(this.#state)) return;
    this.#state = nextState(this.#state, 'close');
    this.#error = error;
    this.#engine.free();
    this.#carrier.destroy(reset);
  }

  /** Why the carrier's own end is none for the owner. */
  #reasonOf(error: Error | undefined): Error | undefined {
    // A peer need not wait for our close_notify. The system answers it with a reset then.
    if (this.#state === 'both-ended') return undefined;
    return error ?? (awaitsMore(this.#state) ? truncationError(this.remote) : undefined);
  }
}

/** The same over a carrier that can acknowledge what it has received, and say whether something has arrived. */
export class AcknowledgingEngineConnection extends EngineConnection {
  acknowledge(): void {
    this.carrier.acknowledge?.();
  }

  hasUnreadInput(): boolean {
    return this.pending || this.carrier.hasUnreadInput?.() === true;
  }
}

function deliverLater(connection: EngineConnection): void {
  connection.deliverLater();
}
