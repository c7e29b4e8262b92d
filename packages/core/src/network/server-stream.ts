import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { RequestForm, ServerConnection } from '../session/server-connection.ts';
import type { OuterServer } from '../session/session-view.ts';
import type { Session } from '../session/session.ts';
import { checkServer } from './check-server.ts';
import { IdleHandler } from './pool/idle-handler.ts';

/**
 * The states of a {@link ServerStream}.
 *
 * ```
 * idle ── pickUp ──▶ in-use
 * idle ◀── released ── in-use
 * idle ── the server sent or closed, or the client closed ──▶ closed
 * in-use ── destroyed, or released once the client has closed ──▶ closed
 * ```
 *
 * - `idle`: this object owns the connection, and a session may pick it up.
 * - `in-use`: a session owns it.
 * - `closed`: there will be no other.
 */
type State = 'idle' | 'in-use' | 'closed';

/**
 * The server's side of a client connection whose client is another proxy, in which this one is stacked. The outer proxy
 * has connected; the sessions of that client connection pick it up, one after the other. Seed: `session.server_fd`.
 *
 * It owns the connection until `close`, except while a session uses it. A released connection is idle until the next
 * session; no pool gets it, because nothing else can use it. One that the outer proxy had itself picked up from a proxy
 * around it is released to that one at the end.
 */
export class ServerStream extends IdleHandler implements OuterServer {
  /** The session of the outer proxy. */
  readonly session: Session;
  readonly #server: ServerConnection;
  readonly #lost: () => void;
  readonly #failed: ((error: ProxyError) => void) | undefined;
  #state: State = 'idle';
  #uses = 0;
  #clientClosed = false;
  #failure: ProxyError | undefined = undefined;

  /**
   * Takes over `server`. `lost` is called once when it is closed, except by `close`. `failed` is called before that if a session that used it
   * says that the server has failed.
   */
  constructor(session: Session, server: ServerConnection, lost: () => void, failed?: (error: ProxyError) => void) {
    super();
    this.#failed = failed;
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

  /** Why it is closed, if the server ended it while it was idle. */
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
    this.#state = 'in-use';
    this.#uses += 1;
    return new PickedUp(this, this.#server, this.#uses > 1 || this.#server.reused);
  }

  #check(session: Session): void {
    if (this.#state === 'in-use') {
      throw new ProxyError('proxy_internal_error', 'The server side of this stacked session is picked up already.');
    }
    // Nothing is dialled here, and the outer proxy has asked who chose this server: only rules can forbid it.
    checkServer(session, this.remote, 'operator', undefined);
    if (this.#state === 'closed') throw this.#failure ?? this.#terminated('has closed the connection');
  }

  #terminated(what: string): ProxyError {
    const message = `${formatSockAddr(this.remote)} ${what}, and a stacked proxy cannot open another connection.`;
    return new ProxyError('connection_terminated', message, { address: this.remote });
  }

  /** @internal A session has finished with it. Unless the session left it clean, it is closed. */
  release(clean: boolean, error?: Error): void {
    if (!clean || this.#clientClosed) return this.#end(error);
    this.#state = 'idle';
    this.#server.connection.handler = this;
    this.#server.connection.resume();
  }

  /** The client connection is closed, so no further session will come. A session that uses it may finish. */
  close(): void {
    if (this.#clientClosed) return;
    this.#clientClosed = true;
    if (this.#state !== 'idle') return;
    // One that was picked up itself is as clean as it was, and goes back to where it came from.
    if (this.#server.irreplaceable !== true) return this.#end();
    this.#state = 'closed';
    this.#server.release();
  }

  #end(error?: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#server.destroy(error);
    if (error instanceof ProxyError && error.fault === 'server') this.#failed?.(error);
    if (!this.#clientClosed) this.#lost();
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
  readonly requestForm: RequestForm | undefined;
  readonly leadsOn: boolean;
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
    this.requestForm = server.requestForm;
    this.leadsOn = server.leadsOn === true;
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
