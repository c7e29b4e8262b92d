import {
  ignoreEvents,
  type ProxyError,
  Timeout,
  type ClientConnection,
  type Connection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  type LiveSession,
  type Patience,
} from '@inband/core';
import type { ConnectionOwner, OpenConnection } from '../exchange/open-connection.ts';
import { tunnelOf } from '../exchange/tunnel.ts';
import type { HttpContext } from '../service/context.ts';
import { type ConnectionWait, timeoutOf } from '../service/timeouts.ts';
import { AheadBytes } from './ahead-bytes.ts';

/**
 * How every client connection ends, whatever it speaks:
 *
 *     (busy) ──▶ tunnel ──▶ closed
 *       └──▶ lingering ───────▲
 *
 * - `tunnel`: a relay owns the connection.
 * - `lingering`: the last answer is written. What still comes is discarded until the client has read the answer.
 * - `closed`: the connection is closed, and no timeout runs.
 */
type LastState = 'tunnel' | 'lingering' | 'closed';

/** The client side that is on a connection. */
interface ServedSide {
  /** The request that is being served. */
  readonly live: LiveSession | undefined;
  clientClosed(): void;
}

/** The timeout of a connection that waits for nothing any more. Never started. */
const NO_TIMEOUT = new Timeout(() => {});

/**
 * A client's connection as long as it is served, whatever the client speaks: whose it is, what it waits for, what has come before its turn, and
 * how it ends. `Busy`: the states in which its requests are read and served.
 */
export abstract class ServedConnection<Busy extends string, Side extends ServedSide>
  implements OpenConnection, ConnectionHandler, Expiring, Holder
{
  // Declared, and set by the constructor: V8 inlines no constructor of a class whose superclass has field definitions or private methods, and
  // short connections are served by the thousand.

  declare closing: boolean;
  declare hasEnded: boolean;
  declare list: object | undefined;
  declare older: OpenConnection | undefined;
  declare newer: OpenConnection | undefined;

  declare readonly client: ClientConnection;
  declare protected readonly connection: Connection;
  declare protected owner: ConnectionOwner;
  declare protected context: HttpContext;
  /** Made with the first request. */
  declare protected side: Side | undefined;
  declare protected timeout: Timeout;
  /** What the timeout is for. `exchange`: the exchange has started it. */
  declare protected waitsFor: ConnectionWait | 'exchange';
  declare protected state: Busy | LastState;
  /** While something has come before its turn. */
  declare protected aheadBytes: AheadBytes | undefined;

  protected constructor(owner: ConnectionOwner, client: ClientConnection, state: Busy) {
    this.closing = false;
    this.hasEnded = false;
    this.list = undefined;
    this.older = undefined;
    this.newer = undefined;
    this.client = client;
    this.connection = client.connection;
    this.owner = owner;
    this.context = owner.plan.context;
    this.side = undefined;
    this.timeout = new Timeout(this);
    this.waitsFor = 'idle';
    this.state = state;
    this.aheadBytes = undefined;
  }

  abstract drain(patience: Patience): void;
  abstract move(): void;
  abstract data(bytes: Buffer, start: number, end: number): void;
  abstract drained(): void;
  abstract ended(): void;
  abstract timeoutExpired(): void;
  /** @internal Too many bytes wait, and those of this connection are dropped. */
  abstract giveUp(error: ProxyError): void;
  /** Gives back what the next request would be read with. */
  protected abstract stopReading(): void;

  /** The only way from one state to another, see the states of the protocol. */
  protected enter(state: Busy | LastState): void {
    this.state = state;
  }

  get isTunnel(): boolean {
    return this.state === 'tunnel';
  }

  get live(): LiveSession | undefined {
    return this.state === 'tunnel' ? tunnelOf(this.connection) : this.side?.live;
  }

  protected startTimeout(waitsFor: ConnectionWait): void {
    this.waitsFor = waitsFor;
    this.timeout.start(timeoutOf(this.context.timeouts, waitsFor));
  }

  /** Bytes of answers that the client has not taken. */
  get unsent(): number {
    return this.connection.queued;
  }

  /** Has its next request served by a newer configuration, if there is one. */
  protected moveToSuccessor(): void {
    const owner = this.owner.moveToSuccessor(this);
    if (owner === undefined) return;
    this.owner = owner;
    this.context = owner.plan.context;
    this.side = undefined;
  }

  // ---- what came before its turn

  protected keepAhead(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const rest = bytes.subarray(start, end);
    if (this.aheadBytes === undefined) this.aheadBytes = new AheadBytes(rest, this.context.waitingBytes, this);
    else this.aheadBytes.append(rest);
    this.aheadBytes.hold(this.connection);
  }

  get hasAhead(): boolean {
    return this.aheadBytes !== undefined;
  }

  get ahead(): Buffer | undefined {
    return this.aheadBytes?.bytes;
  }

  dropAhead(): Buffer | undefined {
    const ahead = this.aheadBytes;
    this.aheadBytes = undefined;
    return ahead?.drop();
  }

  // ---- tunnels

  becomeTunnel(): void {
    // What only requests need is released, because thousands of tunnels may be idle.
    this.timeout.cancel();
    this.timeout = NO_TIMEOUT;
    this.side = undefined;
    this.enter('tunnel');
  }

  tunnelClosed(): void {
    this.close();
  }

  // ---- the end

  /** Sends what is queued, then closes. Reads on for a short time, so that a reset does not overtake the answer. */
  protected finish(isLast = false): void {
    this.stopReading();
    this.dropAhead();
    this.enter('lingering');
    this.startTimeout('linger');
    this.connection.end(isLast);
    this.connection.resume();
  }

  destroy(error?: Error): void {
    if (this.state === 'closed') return;
    this.connection.destroy(error);
    if (this.state === 'tunnel') return;
    this.connection.handler = ignoreEvents;
    this.close();
  }

  closed(): void {
    this.close();
  }

  protected close(): void {
    if (this.state === 'closed') return;
    this.enter('closed');
    this.timeout.cancel();
    this.stopReading();
    this.dropAhead();
    this.side?.clientClosed();
    this.owner.forget(this);
  }
}
