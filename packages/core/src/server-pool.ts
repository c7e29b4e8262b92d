import { formatSockAddr, type SockAddr } from './address.ts';
import type { ServerConnection } from './chainer.ts';
import { ignoreEvents, type Connection, type ConnectionHandler } from './connection.ts';
import { NestedTunnels, type NestedTunnel } from './nested-tunnels.ts';
import { Deadline, type DeadlineList, type Expiring, type Timers } from './timers.ts';

export interface ServerPoolOptions {
  readonly timers: Timers;
  /** Milliseconds that a connection may stay idle before it is closed. */
  readonly idleTimeout: number;
  /** Idle connections kept per (local, remote, TLS), and in all. One more closes instead. */
  readonly maxIdlePerServer: number;
  readonly maxIdle: number;
  /** Connections, idle or in use, from which on some that are idle make room for each new one. Default: no limit. */
  readonly mostOpen?: number | undefined;
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
 * Idle server connections. The pool owns a connection from `release` until `take`; in between, anything that the
 * server sends is out of turn and closes it, so no session ever sees another's leftovers.
 *
 * The pool does not check access: `establishConnection` does, before it asks here.
 */
export class ServerPool {
  readonly #servers = new Map<string, SameServer>();
  readonly #maxIdlePerServer: number;
  readonly #maxIdle: number;
  readonly #mostOpen: number;
  /** Those that were made for tunnels. */
  readonly tunnels = new NestedTunnels();
  /** For the connections' deadlines. */
  readonly idleList: DeadlineList;
  #size = 0;
  #open = 0;
  #closed = false;

  constructor(options: ServerPoolOptions) {
    this.idleList = options.timers.list(options.idleTimeout);
    this.#maxIdlePerServer = options.maxIdlePerServer;
    this.#maxIdle = options.maxIdle;
    this.#mostOpen = options.mostOpen ?? Infinity;
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
   * Makes a server connection of a fresh `connection`; the caller of `establishConnection` will own it. One for a tunnel has
   * a `depth`, see {@link NestedTunnels}.
   */
  adopt(connection: Connection, remote: SockAddr, key: string, depth = 0): ServerConnection {
    this.#open += 1;
    if (this.#open > this.#mostOpen && this.#size > 0) this.makeRoom();
    let same = this.#servers.get(key);
    if (same === undefined) this.#servers.set(key, (same = { key, open: 0, idle: [] }));
    same.open += 1;
    const adopted = new PooledConnection(this, connection, remote, same, depth);
    if (depth > 0) this.tunnels.add(adopted);
    return adopted;
  }

  /** The idle connection that was used last, or undefined. The caller owns it. */
  take(key: string): ServerConnection | undefined {
    const waiting = this.#servers.get(key)?.idle;
    let idle = waiting?.pop();
    while (idle?.connection.pending === true) {
      // Its server sent something out of turn, which would be taken for the next answer, or its end.
      this.#size -= 1;
      idle.leave();
      idle.destroy();
      idle = waiting?.pop();
    }
    if (idle === undefined) return undefined;
    this.#size -= 1;
    idle.leave();
    return idle;
  }

  /** @internal Called by the connection's `release`. Returns whether it may stay. */
  put(connection: PooledConnection): boolean {
    if (this.#closed || this.#size >= this.#maxIdle) return false;
    const { idle } = connection.same;
    if (idle.length >= this.#maxIdlePerServer) return false;
    idle.push(connection);
    this.#size += 1;
    return true;
  }

  /** @internal An idle connection closed. */
  remove(connection: PooledConnection): void {
    const { idle } = connection.same;
    const index = idle.lastIndexOf(connection);
    if (index < 0) return;
    idle.splice(index, 1);
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
      const [oldest] = idle;
      if (oldest === undefined) continue;
      oldest.destroy();
      left -= 1;
    }
  }

  /** Closes what is idle; what is in use closes on its release. */
  close(): void {
    this.#closed = true;
    // A connection that is destroyed leaves its list.
    const idle = [...this.#servers.values()].flatMap((same) => same.idle);
    for (const connection of idle) connection.destroy();
  }
}

/** The connections that are interchangeable. */
interface SameServer {
  readonly key: string;
  /** In use or idle. */
  open: number;
  readonly idle: PooledConnection[];
}

/** While it is idle it is its own connection's handler. */
class PooledConnection implements ServerConnection, ConnectionHandler, Expiring, NestedTunnel {
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly same: SameServer;
  readonly depth: number;
  readonly #pool: ServerPool;
  /** Made when it is first idle: connections of tunnels never are. */
  #deadline: Deadline | undefined = undefined;
  #uses = 0;
  /** `in-use`: a session owns it; `idle`: the pool does; `gone`: given back for good. */
  #state: 'in-use' | 'idle' | 'gone' = 'in-use';

  constructor(pool: ServerPool, connection: Connection, remote: SockAddr, same: SameServer, depth: number) {
    this.#pool = pool;
    this.depth = depth;
    this.connection = connection;
    this.remote = remote;
    this.same = same;
  }

  get local(): SockAddr {
    return this.connection.local;
  }

  get reused(): boolean {
    return this.#uses > 0;
  }

  release(): void {
    if (this.#state !== 'in-use') return;
    this.connection.handler = this;
    if (!this.#pool.put(this)) return this.destroy();
    this.#state = 'idle';
    this.#uses += 1;
    this.#deadline ??= new Deadline(this);
    this.#deadline.start(this.#pool.idleList);
    this.connection.resume();
  }

  /** @internal Taken from the pool. */
  leave(): void {
    this.#state = 'in-use';
    this.#deadline?.cancel();
  }

  /** @internal */
  deadlineExpired(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    if (this.#state === 'gone') return;
    if (this.#state === 'idle') this.#pool.remove(this);
    this.#state = 'gone';
    this.#deadline?.cancel();
    if (this.depth > 0) this.#pool.tunnels.remove(this);
    this.#pool.forget(this.same);
    this.connection.handler = ignoreEvents;
    this.connection.destroy(error);
  }

  /** Octets nobody asked for: a response that would be taken for the answer to somebody's next request. */
  data(): void {
    this.destroy();
  }

  drained(): void {}

  ended(): void {
    this.destroy();
  }

  closed(): void {
    this.destroy();
  }
}
