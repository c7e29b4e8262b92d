import type { Connection } from '../base/connection.ts';
import { tunnelChannel } from '../diagnostics/channels.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import type { SessionBytes } from '../limits/bytes/session-bytes.ts';
import { endedByOperator } from '../session/ended-by-operator.ts';
import { Timeout, type TimeoutList, type Expiring } from '../base/timers.ts';
import { Direction, type DirectionOwner } from './directions/direction.ts';
import { LimitedDirection } from './directions/limited-direction.ts';

export interface RelayResult {
  /** Bytes from the client to the server, and from the server to the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * `client`, `server`: whose connection broke. `idle`: neither side sent anything for too long. `half-closed`: one side
   * finished, and the other did not in time. `operator`: somebody ended it by the admin API. `limit`: a limit of the session, see
   * `reached`. Undefined when both sides finished.
   */
  readonly failed: 'client' | 'server' | 'idle' | 'half-closed' | 'operator' | 'limit' | undefined;
  /** The limit that ended it. */
  readonly reached?: ProxyError;
}

/** The settings of a tunnel, in milliseconds. */
export interface TunnelTimeouts {
  readonly tunnelIdleTimeout: number;
  readonly tunnelHalfCloseTimeout: number;
}

/**
 * The error of a tunnel that its two sides did not end. A client that closes its connection is no error. `section` is the
 * path of the settings.
 */
export function tunnelError(
  { failed, reached }: RelayResult,
  { tunnelIdleTimeout, tunnelHalfCloseTimeout }: TunnelTimeouts,
  section: string,
): ProxyError | undefined {
  switch (failed) {
    case 'server':
      return new ProxyError('connection_terminated', 'The server reset the tunnel.');
    case 'idle':
      return new ProxyError('connection_read_timeout', `Neither side sent anything for ${tunnelIdleTimeout} ms.`, {
        setting: `${section}.tunnelIdleTimeout`,
      });
    case 'operator':
      return endedByOperator();
    case 'limit':
      return reached;
    case 'half-closed':
      return halfClosed(tunnelHalfCloseTimeout, `${section}.tunnelHalfCloseTimeout`);
    case 'client':
    case undefined:
      return undefined;
  }
}

function halfClosed(timeout: number, setting: string): ProxyError {
  const message = `One side had finished, and the other did not within ${timeout} ms.`;
  return new ProxyError('connection_read_timeout', message, { setting });
}

/** Options of a relay. It keeps this object and copies nothing, because there may be many idle tunnels. */
export interface RelayOptions {
  /** The session's number, for messages of diagnostics. */
  readonly session?: number;
  /** The timeout while neither side sends anything. */
  readonly idle: TimeoutList;
  /** The timeout for the rest once one side has finished: see {@link Relay}. By default `idle`. */
  readonly halfClose?: TimeoutList;
  /** How many bytes, and how fast. Undefined: as many as there are. Whoever gave it closes it. */
  readonly bytes?: SessionBytes | undefined;
  /** Called once, when both connections are closed. */
  done(result: RelayResult): void;
}

/** What had arrived before the relay started. */
export interface RelayStart {
  readonly fromClient?: Buffer | undefined;
  readonly fromServer?: Buffer | undefined;
  /** The client has already finished sending. */
  readonly clientEnded: boolean;
}

/**
 * Carries bytes both ways between two connections. It owns both from `start` until they are closed. An end of one side is
 * passed on as an end, so that half-closed tunnels work; a reset is passed on as a reset. Each direction has backpressure.
 *
 * A side that has finished sending may not read any more, either. So the rest has a timeout of its own, which restarts only
 * for a steady transfer: {@link STEADY} bytes within the timeout.
 */
export class Relay implements Expiring, DirectionOwner {
  readonly #client: Direction;
  readonly #server: Direction;
  readonly #timeout = new Timeout(this);
  readonly #options: RelayOptions;
  #failed: RelayResult['failed'] = undefined;
  #reached: ProxyError | undefined = undefined;
  #open = 2;
  /** Bytes sent to either side when the half-close timeout was started. Below zero while neither side has finished. */
  #sent = -1;

  constructor(client: Connection, server: Connection, options: RelayOptions) {
    this.#options = options;
    if (options.bytes === undefined) {
      this.#client = new Direction(client, server, this, fromClients);
      this.#server = new Direction(server, client, this, fromServers);
      return;
    }
    const fromClient = new LimitedDirection(client, server, this, fromClients);
    const fromServer = new LimitedDirection(server, client, this, fromServers);
    fromClient.flow = options.bytes.fromClient(fromClient);
    fromServer.flow = options.bytes.toClient(fromServer);
    fromClient.opposite = fromServer;
    fromServer.opposite = fromClient;
    this.#client = fromClient;
    this.#server = fromServer;
  }

  /**
   * Starts with what had already been received from either side. When a connection throws, both are destroyed, `done` is
   * called all the same, and this throws.
   */
  start(early: RelayStart): void {
    open += 1;
    this.#timeout.start(this.#options.idle);
    if (tunnelChannel.hasSubscribers) this.#publishStarted();
    this.#client.attach();
    this.#server.attach();
    this.#server.from.keepAlive?.();
    try {
      this.#client.begin(early.fromClient);
      this.#server.begin(early.fromServer);
      if (early.clientEnded) this.#client.ended();
    } catch (error) {
      this.destroy(toProxyError(error));
      throw error;
    }
  }

  /** Bytes from the client, and from the server, so far. */
  get bytesIn(): number {
    return this.#client.carried;
  }

  get bytesOut(): number {
    return this.#server.carried;
  }

  /** What it was made with. */
  get options(): RelayOptions {
    return this.#options;
  }

  /** Ends the tunnel now, by the will of an operator. */
  end(): void {
    this.#failed ??= 'operator';
    this.destroy(endedByOperator());
  }

  /** Ends the tunnel now. */
  destroy(error?: Error): void {
    this.#client.from.destroy(error);
    this.#server.from.destroy(error);
  }

  /** @internal */
  limitReached(error: ProxyError): void {
    if (this.#failed !== undefined) return;
    this.#failed = 'limit';
    this.#reached = error;
    this.destroy(error);
  }

  /** @internal */
  timeoutExpired(): void {
    if (this.#isHeldOnly) return this.#timeout.start(this.#sent < 0 ? this.#options.idle : this.#restList);
    if (this.#sent < 0) {
      this.#failed = 'idle';
      return this.destroy();
    }
    const sent = this.#countSent();
    if (sent - this.#sent >= STEADY) return this.#boundRest(sent);
    this.#failed = 'half-closed';
    // With an error, so that the side that waits for the rest does not take the part for the whole.
    this.destroy(halfClosed(this.#restList.duration, 'tunnelHalfCloseTimeout'));
  }

  /**
   * Whether nothing but a limit keeps the sides from sending, which lets them go on soon. Not where a side has not taken what is queued for it:
   * that may be just what the limit of queued bytes waits for.
   */
  get #isHeldOnly(): boolean {
    return (this.#client.isHeld || this.#server.isHeld) && this.#queued === 0;
  }

  get #queued(): number {
    return this.#client.from.queued + this.#server.from.queued;
  }

  /** @internal */
  progressed(): void {
    if (this.#sent < 0) this.#timeout.start(this.#options.idle);
  }

  /** @internal One side has finished. */
  halfClosed(direction: Direction): void {
    if (tunnelChannel.hasSubscribers) this.#publishHalfClosed(direction);
    if (this.#sent < 0) this.#boundRest(this.#countSent());
  }

  #boundRest(sent: number): void {
    this.#sent = sent;
    this.#timeout.start(this.#restList);
  }

  get #restList(): TimeoutList {
    return this.#options.halfClose ?? this.#options.idle;
  }

  /** Bytes sent to either side, without those that are queued for a slow reader. */
  #countSent(): number {
    return Math.max(0, this.#client.carried + this.#server.carried - this.#queued);
  }

  /** @internal One of the two connections is closed, so the other one is closed, too. */
  closed(direction: Direction, error: Error | undefined): void {
    this.#open -= 1;
    if (this.#open === 1) {
      // After an orderly end of both directions the other connection may still have bytes to send out.
      if (error === undefined && this.#client.over && this.#server.over) return;
      this.#failed ??= direction === this.#client ? 'client' : 'server';
      return this.destroy(error);
    }
    this.#timeout.cancel();
    open -= 1;
    if (tunnelChannel.hasSubscribers) this.#publishClosed();
    this.#options.done({
      bytesIn: this.#client.carried,
      bytesOut: this.#server.carried,
      failed: this.#failed,
      ...(this.#reached !== undefined && { reached: this.#reached }),
    });
  }

  #publishStarted(): void {
    const common = { session: this.#options.session, address: this.#client.from.remote };
    tunnelChannel.publish({ event: 'started', ...common, server: this.#server.from.remote });
  }

  #publishHalfClosed(direction: Direction): void {
    const side = direction === this.#client ? 'client' : 'server';
    const bytes = { bytesIn: this.#client.carried, bytesOut: this.#server.carried };
    tunnelChannel.publish({ event: 'half-closed', session: this.#options.session, side, ...bytes });
  }

  #publishClosed(): void {
    const bytes = { bytesIn: this.#client.carried, bytesOut: this.#server.carried };
    tunnelChannel.publish({ event: 'closed', session: this.#options.session, ...bytes, failed: this.#failed });
  }
}

/** The relay that owns a connection, if one does. So a tunnel can be found from its client, and nothing is kept for that. */
export function relayOf({ handler }: Connection): Relay | undefined {
  return handler instanceof Direction && handler.relay instanceof Relay ? handler.relay : undefined;
}

/** Bytes within the half-close timeout that make a transfer steady. By default that is the speed of a modem. */
const STEADY = 256 * 1024;

/** What the relays of this process carry and have carried. Counted always, because that costs less than to ask whether to. */
export interface RelayTotals {
  /** Tunnels that are open. */
  readonly open: number;
  /** Bytes from clients, and from servers, since the process has started. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

let open = 0;
const fromClients = { bytes: 0 };
const fromServers = { bytes: 0 };

export function relayTotals(): RelayTotals {
  return { open, bytesIn: fromClients.bytes, bytesOut: fromServers.bytes };
}
