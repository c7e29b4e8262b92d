import type { ProxyError } from '../base/errors.ts';
import type { ConnectionPlaces } from '../limits/connection-places.ts';
import type { Service } from '../routing/service.ts';
import type { LiveClient, LiveSession } from '../session/live-session.ts';
import type { ClientConnection } from '../session/session-view.ts';
import type { StoppedBy } from '../session/end/stopped-proxy.ts';
import type { SockAddr } from '../base/address.ts';

/**
 * Milliseconds within which the first bytes of a client must arrive if it was accepted just before or while the proxy
 * drains.
 */
export const FIRST_MOMENT = 1_000;

/**
 * How long idle client connections stay open while a proxy drains. A client whose connection is closed just when it sends its next request
 * loses that request. One whose connection waits for it learns from the answer to connect again.
 *
 * - `none`: they are closed now.
 * - `moment`: they have a second (`FIRST_MOMENT`).
 * - `idle-timeout`: they stay as long as ever, and so do those without a request so far.
 */
export type Patience = 'none' | 'moment' | 'idle-timeout';

/** Implements one protocol for one service. Seed: Proxy. */
export interface ProtocolProxy {
  /** The service. Without one, a stacked proxy is expected to use the server connection of its client only. */
  readonly service?: Service | undefined;
  /**
   * Whether it only prepares clients for the proxy of a service, as TLS does. When the configuration changes, it goes on with those
   * that it has, and hands them to the successor.
   */
  readonly isFront?: boolean;
  /**
   * Where the connections of its clients are counted; undefined where they are not. What stands in front of it has a client take its place as
   * soon as that has come, and `accept` gives one to whoever has none.
   */
  readonly places?: ConnectionPlaces | undefined;
  /** Takes over the client's connection, which is paused, and owns it until it is closed. */
  accept(client: ClientConnection): void;
  /**
   * Takes over a client that is refused, answers it with `error`, and closes it soon. Without this method, for protocols
   * that cannot say it, refused clients are reset.
   */
  refuse?(client: ClientConnection, error: ProxyError): void;
  /** The number of open client connections. */
  readonly open: number;
  /** The sessions that are going on, for the admin API. Each is valid as long as the caller does not wait. */
  sessions?(): Iterable<LiveSession>;
  /** The client connections that are open. Each is valid as long as the caller does not wait. */
  clients?(): Iterable<LiveClient>;
  /**
   * Drains: idle connections are closed as `patience` says (`none` if it is left out), busy ones after their response. A connection without a
   * request so far has a second (`FIRST_MOMENT`) to send one, because it may have been accepted just now; so has each one that is accepted
   * later, for one request. Resolves when all connections that are open at the call are closed; may be called again for later
   * ones. Tunnels end only when a side ends them, or by `close`.
   *
   * With the address of a `listener` (the same object as that of its clients) only the clients that came there are drained.
   */
  drain(listener?: SockAddr, patience?: Patience): Promise<void>;
  /**
   * Called when the configuration has changed. `successor` is the proxy of the same service from now on. It gets the clients: those
   * between two requests at once, others after their response. Without one, and where the protocol differs, clients are drained. The
   * clients of outer services stay, because they belong to sessions that end under the rules with which they began.
   */
  retire?(successor: ProtocolProxy | undefined): void;
  /** Resolves when no client connection is open that is open now. Without this method the proxy is drained. */
  gone?(): Promise<void>;
  /**
   * Closes tunnels (upgraded connections included), or everything else, and returns how many. The proxy goes on. `by`: as for `close`.
   * Without this method all connections are closed by `close` only.
   */
  closeOnly?(what: 'tunnels' | 'requests', by: StoppedBy): number;
  /** Closes everything at once. `by`: the setting that records of sessions that end by it name. */
  close(by?: StoppedBy): void;
}
