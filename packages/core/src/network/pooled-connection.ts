import type { SockAddr } from '../base/address.ts';
import { poolChannel } from '../diagnostics/channels.ts';
import type { PoolCloseReason } from '../diagnostics/pool-messages.ts';
import type { ServerConnection } from '../routing/chainer.ts';
import { ignoreEvents, type Connection, type ConnectionHandler } from '../base/connection.ts';
import type { IdleServer, IdleServers } from './idle-servers.ts';
import type { NestedTunnel } from './nested-tunnels.ts';
import type { ServerPool } from './server-pool.ts';
import type { ClientConnection } from '../session/session.ts';
import { Timeout, type Expiring } from '../base/timers.ts';

/** How a connection was made, and for whom. */
export interface Made {
  /** Of one for a tunnel, see {@link NestedTunnels}. */
  readonly depth?: number;
  readonly client?: ClientConnection;
  /** Milliseconds that it took to connect. */
  readonly roundTrip?: number;
}

/** The connections that are interchangeable. */
export interface SameServer {
  readonly key: string;
  /** In use or idle. */
  open: number;
  readonly idle: IdleServers<PooledConnection>;
}

let lastId = 0;

/** A connection of the pool's. While it is idle it is its own connection's handler. */
export class PooledConnection
  implements ServerConnection, ConnectionHandler, Expiring, NestedTunnel, IdleServer<PooledConnection>
{
  /** Unique in this process. */
  readonly id: number = ++lastId;
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly same: SameServer;
  readonly depth: number;
  readonly roundTrip: number;
  lastClient = -1;
  idleSince = 0;
  keptUntil = 0;
  quietAt = 0;
  order: object | undefined = undefined;
  older: PooledConnection | undefined = undefined;
  newer: PooledConnection | undefined = undefined;
  readonly #pool: ServerPool;
  /** Whom it serves; undefined while it is idle. */
  #client: ClientConnection | undefined;
  /** Made when it is first idle: connections of tunnels never are. */
  #timeout: Timeout | undefined = undefined;
  #uses = 0;
  /** `in-use`: a session owns it; `idle`: the pool does; `gone`: given back for good. */
  #state: 'in-use' | 'idle' | 'gone' = 'in-use';

  constructor(
    pool: ServerPool,
    connection: Connection,
    remote: SockAddr,
    same: SameServer,
    { depth = 0, client, roundTrip = 0 }: Made,
  ) {
    this.#pool = pool;
    this.depth = depth;
    this.roundTrip = roundTrip;
    this.connection = connection;
    this.remote = remote;
    this.same = same;
    this.#client = client;
  }

  get local(): SockAddr {
    return this.connection.local;
  }

  get reused(): boolean {
    return this.#uses > 0;
  }

  get key(): string {
    return this.same.key;
  }

  release(keepFor = Infinity): void {
    if (this.#state !== 'in-use') return;
    this.connection.handler = this;
    if (keepFor <= 0 || !this.#pool.mayPut(this.same)) return this.drop('not-kept');
    this.#state = 'idle';
    this.#uses += 1;
    this.#timeout ??= new Timeout(this);
    const { idleList } = this.#pool;
    this.#timeout.start(idleList);
    this.idleSince = this.#timeout.expires - idleList.duration;
    this.keptUntil = this.idleSince + keepFor;
    if (this.#client !== undefined) {
      this.lastClient = this.#client.id;
      this.#client.lastReleased = this;
      this.#client = undefined;
    }
    this.#pool.put(this);
    if (poolChannel.hasSubscribers) this.#publishReleased(keepFor);
    this.connection.resume();
  }

  /** @internal Taken from the pool. */
  leave(client: ClientConnection | undefined): void {
    this.same.idle.remove(this);
    this.#state = 'in-use';
    this.#client = client;
    this.#timeout?.cancel();
  }

  /** @internal */
  timeoutExpired(): void {
    this.drop('expired');
  }

  destroy(error?: Error): void {
    this.drop('discarded', error);
  }

  /** @internal The same, and says why. */
  drop(reason: PoolCloseReason, error?: Error): void {
    if (this.#state === 'gone') return;
    if (poolChannel.hasSubscribers) this.#publishClosed(reason);
    if (this.#state === 'idle') this.#pool.remove(this);
    this.#state = 'gone';
    this.#client = undefined;
    this.#timeout?.cancel();
    if (this.depth > 0) this.#pool.tunnels.remove(this);
    this.#pool.forget(this.same);
    this.connection.handler = ignoreEvents;
    this.connection.destroy(error);
  }

  /** Bytes nobody asked for: a response that would be taken for the answer to somebody's next request. */
  data(): void {
    this.drop('unasked-bytes');
  }

  drained(): void {}

  ended(): void {
    this.drop('closed-by-server');
  }

  closed(): void {
    this.drop('closed-by-server');
  }

  #publishReleased(keepFor: number): void {
    poolChannel.publish({
      event: 'released',
      client: this.lastClient < 0 ? undefined : this.lastClient,
      server: this.remote,
      connection: this.id,
      uses: this.#uses,
      keepFor: keepFor === Infinity ? undefined : keepFor,
    });
  }

  #publishClosed(reason: PoolCloseReason): void {
    poolChannel.publish({ event: 'closed', server: this.remote, connection: this.id, reason, uses: this.#uses });
  }
}
