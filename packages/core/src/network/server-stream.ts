import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import type { OuterServer, Session } from '../session/session.ts';
import { checkServer } from './check-server.ts';
import { IdleHandler } from './pool/idle-handler.ts';

/**
 * Where the server's side of a stacked client connection stands.
 * - `waiting`: this object owns the connection, and a session may pick it up.
 * - `out`: a session has it.
 * - `gone`: it is closed; there will be no other.
 */
type State = 'waiting' | 'out' | 'gone';

/**
 * The server's side of a client connection whose client is another proxy, in which this one is stacked. The outer proxy
 * has connected; the sessions of that client connection pick it up, one after the other. Seed: `session.server_fd`.
 *
 * It owns the connection from its making until `close`, except while a session has it. What a session
 * releases waits for the next session; there is no other use for it, so no pool gets it. Where it was picked up itself, in
 * a proxy around this one, it goes back there at the end.
 */
export class ServerStream extends IdleHandler implements OuterServer {
  /** The session of the outer proxy. */
  readonly session: Session;
  readonly #server: ServerConnection;
  readonly #lost: () => void;
  #state: State = 'waiting';
  #uses = 0;
  #closed = false;
  #failure: ProxyError | undefined = undefined;

  /** Takes `server` over. `lost` is called once when no session can pick it up any more, but not after `close`. */
  constructor(session: Session, server: ServerConnection, lost: () => void) {
    super();
    this.session = session;
    this.#server = server;
    this.#lost = lost;
    server.connection.handler = this;
    server.connection.resume();
  }

  /** The address of the server. */
  get remote(): SockAddr {
    return this.#server.remote;
  }

  /** The proxy's own address on the connection to the server. */
  get local(): SockAddr {
    return this.#server.local;
  }

  /** Why it is gone, if the server ended it while it waited: what a session that comes too late is told. */
  get failure(): ProxyError | undefined {
    return this.#failure;
  }

  /** See {@link OuterServer.pickUp}. */
  pickUp(session: Session): MaybePromise<ServerConnection> {
    try {
      this.#check(session);
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
    this.#state = 'out';
    this.#uses += 1;
    return new PickedUp(this, this.#server, this.#uses > 1 || this.#server.reused);
  }

  #check(session: Session): void {
    if (this.#state === 'out') {
      throw new ProxyError('proxy_internal_error', 'The server side of this stacked session is picked up already.');
    }
    // Nothing is dialled here, and the outer proxy has asked who chose this server: only rules can forbid it.
    checkServer(session, this.remote, 'operator', undefined);
    if (this.#state === 'gone') throw this.#failure ?? this.#terminated('has closed the connection');
  }

  #terminated(what: string): ProxyError {
    const message = `${formatSockAddr(this.remote)} ${what}, and a stacked proxy cannot open another connection.`;
    return new ProxyError('connection_terminated', message, { address: this.remote });
  }

  /** @internal A session is done with it. Unless it left it clean, that is the end. */
  release(clean: boolean, error?: Error): void {
    if (!clean || this.#closed) return this.#end(error);
    this.#state = 'waiting';
    this.#server.connection.handler = this;
    this.#server.connection.resume();
  }

  /** The client connection is closed: no session will come. One that has it may still finish with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#state !== 'waiting') return;
    // It goes back to where it was picked up: it is as clean as it came. There is no other use for it.
    if (this.#server.irreplaceable !== true) return this.#end();
    this.#state = 'gone';
    this.#server.release();
  }

  #end(error?: Error): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#server.destroy(error);
    if (!this.#closed) this.#lost();
  }

  protected override idleEnded(how: 'sent' | 'closed'): void {
    const what = how === 'sent' ? 'sent something that nobody had asked for' : 'has closed the connection';
    this.#failure = this.#terminated(what);
    this.#end();
  }
}

/** One session's hold on a {@link ServerStream}. */
class PickedUp implements ServerConnection {
  readonly connection: Connection;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  readonly reused: boolean;
  readonly irreplaceable = true;
  /** The stream is its client connection's, and goes to no other. */
  readonly belongsToClient = true;
  readonly #stream: ServerStream;
  #isDone = false;

  constructor(stream: ServerStream, server: ServerConnection, reused: boolean) {
    this.#stream = stream;
    this.connection = server.connection;
    this.remote = server.remote;
    this.local = server.local;
    this.reused = reused;
  }

  release(): void {
    this.#finish(true);
  }

  destroy(error?: Error): void {
    this.#finish(false, error);
  }

  #finish(clean: boolean, error?: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#stream.release(clean, error);
  }
}
