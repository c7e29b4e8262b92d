import type { ServerConnection } from '../../session/server-connection.ts';
import { formatSockAddr, type SockAddr } from '../../base/address.ts';
import type { Connection } from '../../base/connection.ts';
import { poolChannel } from '../../diagnostics/channels.ts';
import { IdleServers } from './idle-servers.ts';
import { NestedTunnels, type SharedTunnels } from './nested-tunnels.ts';
import {
  lastReleasedBy,
  PooledConnection,
  type Made,
  type PoolOfConnection,
  type SameServer,
} from './pooled-connection.ts';
import type { ClientConnection } from '../../session/session.ts';
import type { TimeoutList, Timers } from '../../base/timers.ts';

export interface ServerPoolOptions {
  readonly timers: Timers;
  /** Milliseconds that a connection may stay idle before it is closed. */
  readonly idleTimeout: number;
  /** Idle connections kept per (local, remote, TLS), and in all. One more closes instead. */
  readonly maxIdlePerServer: number;
  readonly maxIdle: number;
  /** The tunnels of the processes that accept on the same addresses. */
  readonly sharedTunnels?: SharedTunnels | undefined;
  /** Connections, idle or in use, from which on some that are idle make room for each new one. Default: no limit. */
  readonly mostOpen?: number | undefined;
  /**
   * Milliseconds without news after which an idle connection may serve another client than before. By default what its
   * transport needs to hear of an answer that nobody asked for; 0 where there cannot be one.
   */
  readonly quietTime?: number;
}

/** Idle connections that are closed at once when descriptors have run out. */
const MADE_ROOM = 8;

/** Chainers pass the same address objects again and again; their text is made once. */
const texts = new WeakMap<SockAddr, string>();

function textOf(addr: SockAddr): string {
  let text = texts.get(addr);
  if (text === undefined) texts.set(addr, (text = formatSockAddr(addr)));
  return text;
}

/**
 * Names the connections that are interchangeable: same outgoing address, same server, same layer above. One from a forged
 * address is its client's alone, also where a `local` address is the same.
 */
export function poolKey(
  local: SockAddr | undefined,
  remote: SockAddr,
  layer: string | undefined,
  forged = false,
): string {
  const server = textOf(remote);
  if (local === undefined && layer === undefined) return server;
  return `${server} ${forged ? 'as' : 'from'} ${local === undefined ? '*' : textOf(local)} over ${layer ?? 'plain'}`;
}

/**
 * Idle server connections. The pool owns a connection from `release` until `acquire`; in between, anything that the
 * server sends is unsolicited and closes it, so no session ever sees another's leftovers.
 *
 * The pool does not check access: `establishConnection` does, before it asks here.
 */
export class ServerPool implements PoolOfConnection {
  readonly #servers = new Map<string, SameServer>();
  readonly #maxIdlePerServer: number;
  readonly #maxIdle: number;
  readonly #mostOpen: number;
  /** Those that were made for tunnels. */
  readonly tunnels: NestedTunnels;
  readonly #timers: Timers;
  readonly #quietTime: number | undefined;
  /** For the connections' timeouts. */
  readonly idleList: TimeoutList;
  #size = 0;
  #open = 0;
  #closed = false;

  constructor(options: ServerPoolOptions) {
    this.idleList = options.timers.list(options.idleTimeout);
    this.#timers = options.timers;
    this.#maxIdlePerServer = options.maxIdlePerServer;
    this.#maxIdle = options.maxIdle;
    this.tunnels = new NestedTunnels(options.sharedTunnels);
    this.#mostOpen = options.mostOpen ?? Infinity;
    this.#quietTime = options.quietTime;
  }

  /** Idle connections. */
  get idle(): number {
    return this.#size;
  }

  /** Server connections that exist, idle or in use. */
  get open(): number {
    return this.#open;
  }

  /**
   * Makes a server connection of a fresh `connection`; the caller of `establishConnection` will own it.
   */
  adopt(connection: Connection, remote: SockAddr, key: string, made: Made = {}): ServerConnection {
    this.#open += 1;
    if (this.#open > this.#mostOpen && this.#size > 0) this.makeRoom();
    let same = this.#servers.get(key);
    if (same === undefined) {
      this.#servers.set(key, (same = { key, open: 0, idle: new IdleServers(this.#quietTime) }));
    }
    same.open += 1;
    const adopted = new PooledConnection(this, connection, remote, same, made);
    if (adopted.depth > 0) this.tunnels.add(adopted);
    if (poolChannel.hasSubscribers) this.#publishAdopted(adopted, made);
    return adopted;
  }

  /**
   * The idle connection that `client` used last, or else the one that was used last of those that have been quiet for
   * long enough; only one that has not been idle for more than `within` milliseconds. The caller owns it.
   */
  acquire(key: string, client?: ClientConnection, within = Infinity): ServerConnection | undefined {
    const same = this.#servers.get(key);
    if (same === undefined || same.idle.length === 0) return undefined;
    const now = this.#timers.now();
    const own = ownOf(client, same);
    if (own !== undefined && now - own.idleSince <= within) {
      if (own.connection.pending !== true && own.keptUntil > now) return this.#leave(own, client);
      own.drop('stale');
    }
    return this.#acquireQuiet(same.idle, client, now, within);
  }

  #acquireQuiet(
    idle: IdleServers<PooledConnection>,
    client: ClientConnection | undefined,
    now: number,
    within: number,
  ): ServerConnection | undefined {
    for (;;) {
      const quiet = idle.quietest(now);
      // The others have been idle for longer.
      if (quiet === undefined || now - quiet.idleSince > within) {
        idle.hurry(now);
        return undefined;
      }
      const { connection } = quiet;
      if (quiet.keptUntil > now && connection.pending !== true && connection.hasNews?.() !== true) {
        const acquired = this.#leave(quiet, client);
        idle.hurry(now);
        return acquired;
      }
      // Its server sent something unsolicited, which would be taken for the next answer, or its end.
      quiet.drop('stale');
    }
  }

  #leave(idle: PooledConnection, client: ClientConnection | undefined): ServerConnection {
    this.#size -= 1;
    idle.leave(client);
    return idle;
  }

  /** @internal */
  hasRoom(same: SameServer): boolean {
    return !this.#closed && this.#size < this.#maxIdle && same.idle.length < this.#maxIdlePerServer;
  }

  /** @internal */
  addIdle(connection: PooledConnection): void {
    connection.same.idle.add(connection);
    this.#size += 1;
  }

  /** @internal */
  removeIdle(connection: PooledConnection): void {
    connection.same.idle.remove(connection);
    this.#size -= 1;
  }

  /** @internal A connection is gone; with the last one to a server that server is forgotten. */
  forget(same: SameServer): void {
    this.#open -= 1;
    same.open -= 1;
    if (same.open === 0) this.#servers.delete(same.key);
  }

  /** Descriptors have run out, or are about to: closes some that are idle, of each server the one that was used longest ago. */
  makeRoom(): void {
    let left = MADE_ROOM;
    for (const { idle } of this.#servers.values()) {
      if (left === 0) return;
      const { oldest } = idle;
      if (oldest === undefined) continue;
      oldest.drop('evicted');
      left -= 1;
    }
  }

  /** Closes what is idle; what is in use closes on its release. */
  close(): void {
    this.#closed = true;
    // A connection that is destroyed leaves its list.
    const idle = [...this.#servers.values()].flatMap((same) => same.idle.all());
    for (const connection of idle) connection.drop('pool-closed');
  }

  #publishAdopted({ id, remote }: PooledConnection, { client }: Made): void {
    const common = { client: client?.id, server: remote, connection: id, open: this.#open };
    poolChannel.publish({ event: 'adopted', ...common });
  }
}

/** What `client` released last, if that is still idle and has served nobody else. */
function ownOf(client: ClientConnection | undefined, same: SameServer): PooledConnection | undefined {
  if (client === undefined) return undefined;
  const last = lastReleasedBy(client);
  if (last?.order !== undefined && last.lastClient === client.id && last.same === same) return last;
  return same.idle.lastOf(client.id);
}
