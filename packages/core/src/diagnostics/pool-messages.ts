import type { SockAddr } from '../base/address.ts';

/** An idle connection serves the session. */
export interface PoolHit {
  readonly event: 'hit';
  readonly session: number;
  /** The client connection. */
  readonly client: number;
  readonly server: SockAddr;
  /** Whether it belongs to this client, because the client has logged in on it. */
  readonly bound: boolean;
  /** The server connection, by a number that is unique in this process; undefined of one that the pool did not make. */
  readonly connection: number | undefined;
}

/**
 * There is no idle connection, or each served another client a moment ago: one is dialled. Not told of a session that may use
 * none: a CONNECT, a request that is sent again, and one that may not be sent twice and is the first of its client.
 */
export interface PoolMiss {
  readonly event: 'miss';
  readonly session: number;
  readonly client: number;
  readonly server: SockAddr;
}

/** A connection that was dialled is the pool's to count, and serves the session for which it was made. */
export interface PoolAdopted {
  readonly event: 'adopted';
  /** The session for which it was made; undefined where a program adopts one without saying for whom. */
  readonly session: number | undefined;
  readonly client: number | undefined;
  readonly server: SockAddr;
  readonly connection: number;
  /** Server connections that exist now, idle or in use. */
  readonly open: number;
}

/** A session has released a connection, which is idle until the next one. */
export interface PoolReleased {
  readonly event: 'released';
  /** The session that had acquired it. */
  readonly session: number | undefined;
  readonly client: number | undefined;
  readonly server: SockAddr;
  readonly connection: number;
  /** How many sessions it has served. */
  readonly uses: number;
  /** Milliseconds for which its server said that it keeps it; undefined when it did not say. */
  readonly keepFor: number | undefined;
}

/** Why a server connection is not kept any longer. */
export type PoolCloseReason =
  /** It was idle for `serverPool.idleTimeout`. */
  | 'expired'
  /** The server closed it, or sent something that nobody had asked for, while it was idle. */
  | 'closed-by-server'
  | 'unasked-bytes'
  /** The server said that it keeps it no longer, or something had just come from it that nobody had asked for. */
  | 'stale'
  /** Descriptors were needed for others. */
  | 'evicted'
  /**
   * It was used longest ago, or the proxy made it for itself, and as many are kept as `serverPool.maxIdlePerServer` and `serverPool.maxIdle`
   * say. Or these keep none, or its server.
   */
  | 'not-kept'
  /** Its session could not leave it clean for another one: it failed, became a tunnel, or the server said `close`. */
  | 'discarded'
  /** The proxy ends. */
  | 'pool-closed';

/** A server connection is closed. */
export interface PoolClosed {
  readonly event: 'closed';
  /** The session that had acquired it, the first one where it is bound to its client; undefined of an idle one. */
  readonly session: number | undefined;
  readonly server: SockAddr;
  readonly connection: number;
  readonly reason: PoolCloseReason;
  /** How many sessions it has served and left clean. */
  readonly uses: number;
}

export type PoolMessage = PoolHit | PoolMiss | PoolAdopted | PoolReleased | PoolClosed;
