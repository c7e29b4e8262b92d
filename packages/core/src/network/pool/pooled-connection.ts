import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import { Timeout, type Expiring, type TimeoutList } from '../../base/timers.ts';
import { poolChannel } from '../../diagnostics/channels.ts';
import type { PoolCloseReason } from '../../diagnostics/pool-messages.ts';
import type { RequestForm, ServerConnection } from '../../session/server-connection.ts';
import type { LayeredConnection, ServerTlsFacts } from '../../session/server-tls-facts.ts';
import type { ClientConnection } from '../../session/session-view.ts';
import { IdleHandler } from './idle-handler.ts';
import { IdlePlace } from './idle-place.ts';
import type { IdleServer, IdleServers } from './idle-servers.ts';
import type { NestedTunnel, NestedTunnels } from './nested-tunnels.ts';

/** What the pool has to know about a new connection. */
export interface AdoptOptions {
  /** For a tunnel: see {@link NestedTunnels}. */
  readonly depth?: number;
  /** The client that uses it first. */
  readonly client?: ClientConnection;
  /** The session that uses it first, for diagnostics. */
  readonly session?: number;
  /** Milliseconds that connecting took. */
  readonly roundTrip?: number;
  /** See `ServerConnection`. */
  readonly requestForm?: RequestForm | undefined;
  readonly leadsOn?: boolean;
}

/** The connections with one key: they are interchangeable. */
export interface PoolGroup {
  readonly key: string;
  /** Connections in use or idle. */
  open: number;
  readonly idle: IdleServers<PooledConnection>;
}

/** What a connection needs of its pool. */
export interface PoolOfConnection {
  /** For the connections' timeouts. */
  readonly idleList: TimeoutList;
  readonly tunnels: NestedTunnels;
  /** Whether one more connection of the group may be idle. With `closesOthers`, others are closed for it where as many are idle as may be. */
  makePlace(group: PoolGroup, closesOthers: boolean): boolean;
  /** The connection is idle from now on, and the pool owns it. */
  addIdle(connection: PooledConnection, place: IdlePlace<PooledConnection>): void;
  /** It is idle no longer. */
  removeIdle(connection: PooledConnection, place: IdlePlace<PooledConnection>): void;
  /** A connection is closed, idle or not. */
  forget(group: PoolGroup, reason: PoolCloseReason): void;
}

/** A client connection, with what the pool remembers of it. */
interface PoolClient extends ClientConnection {
  /** The pooled connection that it released last: the client need not wait for that to be quiet. */
  lastReleased?: PooledConnection;
}

export function lastReleasedBy(client: PoolClient): PooledConnection | undefined {
  return client.lastReleased;
}

/**
 * The server to which a client has an idle connection of its own: it used that last, so that no other needs to be proved quiet for it.
 * Undefined without one. The same object that was given to `establishConnection`, where no `nat` changed it.
 */
export function ownServerOf(client: PoolClient): SockAddr | undefined {
  const { lastReleased } = client;
  return lastReleased?.list !== undefined && lastReleased.lastClient === client.id ? lastReleased.remote : undefined;
}

let lastId = 0;

/** A server connection that the pool counts. While it is idle, the pool owns it and it handles its own events. */
export class PooledConnection
  extends IdleHandler
  implements ServerConnection, Expiring, NestedTunnel, IdleServer<PooledConnection>
{
  /** Unique in this process. */
  readonly id: number = ++lastId;
  readonly connection: LayeredConnection;
  readonly remote: SockAddr;
  readonly group: PoolGroup;
  readonly tls: ServerTlsFacts | undefined;
  readonly requestForm: RequestForm | undefined;
  readonly leadsOn: boolean;
  readonly depth: number;
  readonly roundTrip: number;
  lastClient = -1;
  idleSince = 0;
  keptUntil = 0;
  quietAt = 0;
  list: object | undefined = undefined;
  older: PooledConnection | undefined = undefined;
  newer: PooledConnection | undefined = undefined;
  readonly #pool: PoolOfConnection;
  /** The client that uses it; undefined while it is idle. */
  #client: PoolClient | undefined;
  /** The session that acquired it last, for diagnostics. A number, because it outlives the session. */
  #session: number | undefined;
  /** Created when the connection is idle for the first time, because connections of tunnels never are. */
  #timeout: Timeout | undefined = undefined;
  /** As the timeout. */
  #place: IdlePlace<PooledConnection> | undefined = undefined;
  #uses = 0;
  /** `in-use`: a session owns it. `idle`: the pool owns it. `closed`: it is destroyed. */
  #state: 'in-use' | 'idle' | 'closed' = 'in-use';

  constructor(
    pool: PoolOfConnection,
    connection: LayeredConnection,
    remote: SockAddr,
    group: PoolGroup,
    { depth = 0, client, session, roundTrip = 0, requestForm, leadsOn = false }: AdoptOptions,
  ) {
    super();
    this.#pool = pool;
    this.depth = depth;
    this.roundTrip = roundTrip;
    this.connection = connection;
    this.tls = connection.serverTls;
    this.requestForm = requestForm;
    this.leadsOn = leadsOn;
    this.remote = remote;
    this.group = group;
    this.#client = client;
    this.#session = session;
  }

  get local(): SockAddr {
    return this.connection.local;
  }

  get reused(): boolean {
    return this.#uses > 0;
  }

  get key(): string {
    return this.group.key;
  }

  release(keepFor = Infinity): void {
    if (this.#state !== 'in-use') return;
    this.connection.handler = this;
    // No client has used one that the proxy made for itself, so it takes only a place that nobody has.
    const closesOthers = this.#client?.isProxyItself !== true;
    if (keepFor <= 0 || !this.#pool.makePlace(this.group, closesOthers)) return this.drop('not-kept');
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
    this.#pool.addIdle(this, (this.#place ??= new IdlePlace(this)));
    if (poolChannel.hasSubscribers) this.#publishReleased(keepFor);
    this.connection.resume();
  }

  /** @internal A session has acquired it from the pool. */
  acquired(client: ClientConnection | undefined, session: number | undefined): void {
    this.#leavePlace();
    this.#state = 'in-use';
    this.#client = client;
    this.#session = session;
    this.#timeout?.cancel();
  }

  /** @internal */
  timeoutExpired(): void {
    this.drop('expired');
  }

  destroy(error?: Error): void {
    this.drop('discarded', error);
  }

  /** @internal Destroys it; `reason` is for diagnostics and counters. */
  drop(reason: PoolCloseReason, error?: Error): void {
    if (this.#state === 'closed') return;
    if (poolChannel.hasSubscribers) this.#publishClosed(reason);
    if (this.#state === 'idle') this.#leavePlace();
    this.#state = 'closed';
    this.#client = undefined;
    this.#timeout?.cancel();
    if (this.depth > 0) this.#pool.tunnels.remove(this);
    this.#pool.forget(this.group, reason);
    this.connection.handler = ignoreEvents;
    this.connection.destroy(error);
  }

  #leavePlace(): void {
    if (this.#place !== undefined) this.#pool.removeIdle(this, this.#place);
  }

  protected override idleEnded(how: 'sent' | 'closed'): void {
    this.drop(how === 'sent' ? 'unasked-bytes' : 'closed-by-server');
  }

  #publishReleased(keepFor: number): void {
    poolChannel.publish({
      event: 'released',
      session: this.#session,
      client: this.lastClient < 0 ? undefined : this.lastClient,
      server: this.remote,
      connection: this.id,
      uses: this.#uses,
      keepFor: keepFor === Infinity ? undefined : keepFor,
    });
  }

  #publishClosed(reason: PoolCloseReason): void {
    poolChannel.publish({
      event: 'closed',
      session: this.#state === 'in-use' ? this.#session : undefined,
      server: this.remote,
      connection: this.id,
      reason,
      uses: this.#uses,
    });
  }
}
