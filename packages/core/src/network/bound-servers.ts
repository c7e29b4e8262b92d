import { formatHostPort, type SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { toProxyError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { poolChannel } from '../diagnostics/channels.ts';
import type { RequestForm, ServerConnection } from '../session/server-connection.ts';
import type { ServerTlsFacts } from '../session/server-tls-facts.ts';
import type { ClientConnection, SessionRoute } from '../session/session-view.ts';
import type { Session } from '../session/session.ts';
import { checkAgain } from './check-server.ts';
import { IdleHandler } from './pool/idle-handler.ts';
import { publishReuse } from './publish-reuse.ts';

/** Idle bound connections that one client may have. With one more, the least recently used one is closed. */
const MOST = 8;

/** What a bound connection was established for. A session of the client that asks for the same gets it. */
interface Path {
  readonly route: SessionRoute | undefined;
  readonly target: string;
  /** The server's address before translation; undefined when the chainer did not use `establishConnection`. */
  readonly remote: SockAddr | undefined;
  readonly serverChosenBy: 'client' | 'operator' | undefined;
}

/** A client connection, with the server connections on which it has logged in; most have none. */
interface BindingClient extends ClientConnection {
  boundServers?: BoundServers;
}

/** The server connections that belong to `client`; undefined for one that has not logged in on any. */
export function boundServersOf(client: BindingClient): BoundServers | undefined {
  return client.boundServers;
}

/**
 * The server connections that belong to one client connection, because the client has logged in on them: some schemes
 * authenticate the connection and not the request (NTLM, Negotiate). They are never in the pool; the client's next
 * request by the same route to the same host and port gets them, whichever server the chainer would choose next.
 *
 * It owns the idle ones, and closes them with the client connection.
 */
export class BoundServers {
  /** The last used one comes last. */
  readonly #idle: BoundServer[] = [];
  #closed = false;

  /** Binds `server`, which `session` uses, to the client of that session. The session owns the returned connection instead. */
  static bind(session: Session, server: ServerConnection): ServerConnection {
    if (server.belongsToClient === true) return server;
    const client: BindingClient = session.client;
    client.boundServers ??= new BoundServers();
    return new BoundServer(client.boundServers, server, pathOf(session));
  }

  /** Idle connections. */
  get idle(): number {
    return this.#idle.length;
  }

  /**
   * Acquires the connection that is bound for what `session` asks for; undefined when there is none. Policy is evaluated
   * first, and this rejects when it denies. To be called before the chainer.
   */
  acquire(session: Session): MaybePromise<ServerConnection> | undefined {
    if (!session.mayReuse) return undefined;
    const target = targetOf(session);
    const found = this.#idle.findLast(({ path }) => path.route === session.route && path.target === target);
    // Policy is asked about what is behind a parent by the chainer.
    if (found === undefined || found.leadsOn || !found.usable()) return undefined;
    try {
      if (this.#isStillFor(session, found)) {
        if (poolChannel.hasSubscribers) publishReuse(session, found.remote, found);
        return this.#leave(found);
      }
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
    found.destroy();
    return undefined;
  }

  /** False when the address leads to another server by now. Throws when policy denies it. */
  #isStillFor(session: Session, { path, remote: server }: BoundServer): boolean {
    const { remote, serverChosenBy } = path;
    if (remote === undefined || serverChosenBy === undefined) return true;
    return checkAgain(session, remote, server, serverChosenBy);
  }

  /**
   * The same for a chainer that came to the same server for another host, if the operator chose it: hosts that a client
   * names are different servers, also at one address. The caller has evaluated policy.
   */
  acquireSame(session: Session, key: string): ServerConnection | undefined {
    if (session.serverChosenBy !== 'operator') return undefined;
    const found = this.#idle.findLast(
      (bound) => bound.path.route === session.route && bound.key === key && leadsThere(bound, session),
    );
    if (found === undefined || !found.usable()) return undefined;
    found.path = pathOf(session);
    return this.#leave(found);
  }

  #leave(server: BoundServer): ServerConnection {
    this.remove(server);
    return server;
  }

  /** @internal A session has released it. */
  add(server: BoundServer): void {
    if (this.#closed) return server.destroy();
    this.#idle.push(server);
    if (this.#idle.length > MOST) this.#idle[0]!.destroy();
  }

  /** @internal */
  remove(server: BoundServer): void {
    const index = this.#idle.indexOf(server);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** For when the client connection is closed. A connection in use is closed when its session releases it. */
  close(): void {
    this.#closed = true;
    for (const server of this.#idle.splice(0)) server.destroy();
  }
}

function pathOf(session: Session): Path {
  const { route, serverAddress, resolvedAddress, serverChosenBy } = session;
  return { route, target: targetOf(session), remote: resolvedAddress ?? serverAddress, serverChosenBy };
}

/** A login at a parent proxy is for every target, one at a server behind it for that alone. */
function leadsThere({ leadsOn, requestForm, path }: BoundServer, session: Session): boolean {
  return !leadsOn || requestForm?.passesLogin === true || path.target === targetOf(session);
}

function targetOf({ target }: Session): string {
  return target === undefined ? '' : formatHostPort(target).toLowerCase();
}

/** While no session has it, it is its own connection's handler. */
class BoundServer extends IdleHandler implements ServerConnection {
  readonly connection: Connection;
  readonly belongsToClient = true;
  path: Path;
  readonly #bound: BoundServers;
  readonly #server: ServerConnection;
  #uses = 0;

  constructor(bound: BoundServers, server: ServerConnection, path: Path) {
    super();
    this.connection = server.connection;
    this.path = path;
    this.#bound = bound;
    this.#server = server;
  }

  get remote(): SockAddr {
    return this.#server.remote;
  }

  get local(): SockAddr {
    return this.#server.local;
  }

  get id(): number | undefined {
    return this.#server.id;
  }

  get key(): string | undefined {
    return this.#server.key;
  }

  get requestForm(): RequestForm | undefined {
    return this.#server.requestForm;
  }

  get leadsOn(): boolean {
    return this.#server.leadsOn === true;
  }

  get tls(): ServerTlsFacts | undefined {
    return this.#server.tls;
  }

  get reused(): boolean {
    return this.#uses > 0 || this.#server.reused;
  }

  /** False, and then it is closed, when its server sent something or ended it and the event is still to come. */
  usable(): boolean {
    if (this.connection.pending !== true) return true;
    this.destroy();
    return false;
  }

  release(): void {
    this.#uses += 1;
    this.connection.handler = this;
    this.connection.resume();
    this.#bound.add(this);
  }

  destroy(error?: Error): void {
    this.#bound.remove(this);
    this.#server.destroy(error);
  }

  protected override idleEnded(): void {
    this.destroy();
  }
}
