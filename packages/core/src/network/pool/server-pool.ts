import type { ServerConnection } from '../../session/server-connection.ts';
import { formatSockAddr, type SockAddr } from '../../base/address.ts';
import { poolChannel } from '../../diagnostics/channels.ts';
import type { PoolCloseReason } from '../../diagnostics/pool-messages.ts';
import { LinkedList } from '../../base/linked-list.ts';
import type { IdlePlace } from './idle-place.ts';
import { IdleServers } from './idle-servers.ts';
import { NestedTunnels, type SharedTunnels } from './nested-tunnels.ts';
import {
  lastReleasedBy,
  PooledConnection,
  type AdoptOptions,
  type PoolOfConnection,
  type PoolGroup,
} from './pooled-connection.ts';
import type { LayeredConnection } from '../../session/server-tls-facts.ts';
import type { ClientConnection } from '../../session/session-view.ts';
import type { TimeoutList, Timers } from '../../base/timers.ts';

/** The limits of idle connections. */
export interface IdleLimits {
  /** Milliseconds that a connection may stay idle before it is closed. */
  readonly idleTimeout: number;
  /** Idle connections that are kept per (local, remote, TLS) and in all. Beyond that the one that was used longest ago is closed. */
  readonly maxIdlePerServer: number;
  readonly maxIdle: number;
}

export interface ServerPoolOptions extends IdleLimits {
  readonly timers: Timers;
  /** The tunnels of the other processes that accept on the same addresses. */
  readonly sharedTunnels?: SharedTunnels | undefined;
  /** Told of connections that are made and closed. */
  readonly watcher?: PoolWatcher | undefined;
  /** With more connections, idle or in use, some idle ones are closed for each new one. Default: no limit. */
  readonly mostOpen?: number | undefined;
  /**
   * Milliseconds of silence after which an idle connection may serve another client than before. By default as long as
   * its transport needs to receive an unsolicited answer; 0 where there cannot be one.
   */
  readonly quietTime?: number;
}

/** For whoever counts connections. Its methods must not throw. */
export interface PoolWatcher {
  opened(): void;
  closed(reason: PoolCloseReason): void;
}

/** Idle connections that are closed at one time when descriptors have run out. */
const EVICTED_AT_ONCE = 8;

/** An address as keys name it, and the key that was made of it last. */
interface NamedServer {
  readonly text: string;
  key: string;
  local: SockAddr | undefined;
  layer: string | undefined;
  forged: boolean;
}

/**
 * Chainers pass the same address objects again and again, so their text is made once, and so is their key while it is about the same. A
 * text that is put together for each request would be copied and hashed for each, too.
 */
const named = new WeakMap<SockAddr, NamedServer>();

function nameOf(addr: SockAddr): NamedServer {
  let name = named.get(addr);
  if (name === undefined) {
    const text = formatSockAddr(addr);
    named.set(addr, (name = { text, key: text, local: undefined, layer: undefined, forged: false }));
  }
  return name;
}

/**
 * Names the connections that are interchangeable: those with the same outgoing address, server and layer. A connection from
 * a forged address belongs to its client alone, also where a `local` address is equal.
 */
export function poolKey(
  local: SockAddr | undefined,
  remote: SockAddr,
  layer: string | undefined,
  forged = false,
): string {
  const server = nameOf(remote);
  if (local === undefined && layer === undefined) return server.text;
  if (server.local !== local || server.layer !== layer || server.forged !== forged) {
    const source = `${forged ? 'as' : 'from'} ${local === undefined ? '*' : nameOf(local).text}`;
    server.key = `${server.text} ${source} over ${layer ?? 'plain'}`;
    server.local = local;
    server.layer = layer;
    server.forged = forged;
  }
  return server.key;
}

/**
 * The connection pool: idle server connections, kept alive for further requests. The pool owns a connection from `release` until `acquire`; in between, anything that the
 * server sends is unsolicited and closes it, so that no session reads what was meant for another.
 *
 * The pool does not check access: `establishConnection` does, before it asks here.
 */
export class ServerPool implements PoolOfConnection {
  readonly #groups = new Map<string, PoolGroup>();
  #maxIdlePerServer: number;
  #maxIdle: number;
  readonly #mostOpen: number;
  /** The connections that were dialled for tunnels. */
  readonly tunnels: NestedTunnels;
  readonly #timers: Timers;
  readonly #quietTime: number | undefined;
  readonly #watcher: PoolWatcher | undefined;
  /** For the connections' timeouts. Only read by others. */
  idleList: TimeoutList;
  /** The idle connections of all groups. */
  readonly #idle = new LinkedList<IdlePlace<PooledConnection>>();
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
    this.#watcher = options.watcher;
  }

  /** Changes the limits of idle connections. They hold for each connection that is released from now on. */
  configure({ idleTimeout, maxIdlePerServer, maxIdle }: IdleLimits): void {
    this.idleList = this.#timers.list(idleTimeout);
    this.#maxIdlePerServer = maxIdlePerServer;
    this.#maxIdle = maxIdle;
  }

  /** Idle connections. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Idle connections that are interchangeable: see {@link poolKey}. */
  idleAt(key: string): number {
    return this.#groups.get(key)?.idle.length ?? 0;
  }

  /** Server connections that exist, idle or in use. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a new connection into the count. The caller of `establishConnection` will own it.
   */
  adopt(connection: LayeredConnection, remote: SockAddr, key: string, options: AdoptOptions = {}): ServerConnection {
    this.#open += 1;
    if (this.#open > this.#mostOpen) this.makeRoom();
    let group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, (group = { key, open: 0, idle: new IdleServers(this.#quietTime) }));
    }
    group.open += 1;
    this.#watcher?.opened();
    const adopted = new PooledConnection(this, connection, remote, group, options);
    if (adopted.depth > 0) this.tunnels.add(adopted);
    if (poolChannel.hasSubscribers) this.#publishAdopted(adopted, options);
    return adopted;
  }

  /**
   * Returns the idle connection that `client` used last, else the last used one of those that have been quiet for long
   * enough. It has been idle for at most `within` milliseconds. The caller owns it. `session` is for diagnostics.
   */
  acquire(key: string, client?: ClientConnection, within = Infinity, session?: number): ServerConnection | undefined {
    const group = this.#groups.get(key);
    if (group === undefined || group.idle.length === 0) return undefined;
    const now = this.#timers.now();
    const own = ownOf(client, group);
    if (own !== undefined && now - own.idleSince <= within) {
      if (own.connection.pending !== true && own.keptUntil > now) {
        own.acquired(client, session);
        return own;
      }
      own.drop('stale');
    }
    return this.#acquireQuiet(group.idle, client, now, within, session);
  }

  #acquireQuiet(
    idle: IdleServers<PooledConnection>,
    client: ClientConnection | undefined,
    now: number,
    within: number,
    session: number | undefined,
  ): ServerConnection | undefined {
    for (;;) {
      const quiet = idle.newestQuiet(now);
      // The others have been idle for longer.
      if (quiet === undefined || now - quiet.idleSince > within) {
        idle.acknowledgeMore(now);
        return undefined;
      }
      const { connection } = quiet;
      if (quiet.keptUntil > now && connection.pending !== true && connection.hasUnreadInput?.() !== true) {
        quiet.acquired(client, session);
        idle.acknowledgeMore(now);
        return quiet;
      }
      // Its server sent something unsolicited, which would be taken for the next answer, or its end.
      quiet.drop('stale');
    }
  }

  /**
   * @internal The one that is released was used just now, so the one that was used longest ago goes in its place: a request that must not be
   * sent twice takes none that was idle for long, and would dial for as long as such ones took all places.
   */
  makePlace(group: PoolGroup, closesOthers: boolean): boolean {
    if (this.#closed || this.#maxIdlePerServer === 0 || this.#maxIdle === 0) return false;
    if (!closesOthers) return group.idle.length < this.#maxIdlePerServer && this.#idle.size < this.#maxIdle;
    while (group.idle.length >= this.#maxIdlePerServer) group.idle.oldest?.drop('not-kept');
    while (this.#idle.size >= this.#maxIdle) this.#idle.oldest?.server.drop('not-kept');
    return true;
  }

  /** @internal */
  addIdle(connection: PooledConnection, place: IdlePlace<PooledConnection>): void {
    connection.group.idle.add(connection);
    this.#idle.add(place);
  }

  /** @internal */
  removeIdle(connection: PooledConnection, place: IdlePlace<PooledConnection>): void {
    connection.group.idle.remove(connection);
    this.#idle.remove(place);
  }

  /** @internal A connection is closed. With its last connection, the group goes. */
  forget(group: PoolGroup, reason: PoolCloseReason): void {
    this.#watcher?.closed(reason);
    this.#open -= 1;
    group.open -= 1;
    if (group.open === 0) this.#groups.delete(group.key);
  }

  /** For when descriptors run out: closes some idle connections, those used longest ago. */
  makeRoom(): void {
    for (let left = EVICTED_AT_ONCE; left > 0; left -= 1) this.#idle.oldest?.server.drop('evicted');
  }

  /** Closes the idle connections. Those in use are closed when they are released. */
  close(): void {
    this.#closed = true;
    for (const { server } of this.#idle) server.drop('pool-closed');
  }

  #publishAdopted({ id, remote }: PooledConnection, { client, session }: AdoptOptions): void {
    const common = { session, client: client?.id, server: remote, connection: id, open: this.#open };
    poolChannel.publish({ event: 'adopted', ...common });
  }
}

/** The connection that `client` released last, if it is still idle and has served no other client since. */
function ownOf(client: ClientConnection | undefined, group: PoolGroup): PooledConnection | undefined {
  if (client === undefined) return undefined;
  const last = lastReleasedBy(client);
  if (last?.list !== undefined && last.lastClient === client.id && last.group === group) return last;
  return group.idle.lastOf(client.id);
}
