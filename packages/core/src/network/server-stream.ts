import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { MaybePromise, ServerConnection } from '../routing/chainer.ts';
import type { Connection, ConnectionHandler } from '../base/connection.ts';
import { cancelled } from './dial.ts';
import { ProxyError } from '../base/errors.ts';
import { judgeServer } from './establish-connection.ts';
import { accessDenied } from '../policy/access-policy.ts';
import type { Session } from '../session/session.ts';

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
 * It owns the connection from its making until `close`, except while a session has it. What a session gives back by
 * `release` waits for the next session; there is no other use for it, so no pool gets it. Where it was picked up itself, in
 * a proxy around this one, it goes back there at the end.
 */
export class ServerStream implements ConnectionHandler {
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
    this.session = session;
    this.#server = server;
    this.#lost = lost;
    server.connection.handler = this;
    server.connection.resume();
  }

  get remote(): SockAddr {
    return this.#server.remote;
  }

  get local(): SockAddr {
    return this.#server.local;
  }

  /** Why it is gone, if the server ended it while it waited: what a session that comes too late is told. */
  get failure(): ProxyError | undefined {
    return this.#failure;
  }

  /**
   * Hands it to a session, after the access check of that session's service: the session owns it until it releases or
   * destroys it. Rejects with a {@link ProxyError} when another has it, when it is gone, and when policy denies it.
   */
  pickUp(session: Session): MaybePromise<ServerConnection> {
    const refusal = this.#refusal(session);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#state = 'out';
    this.#uses += 1;
    return new PickedUp(this, this.#server, this.#uses > 1 || this.#server.reused);
  }

  #refusal(session: Session): ProxyError | undefined {
    if (this.#state === 'out') {
      return new ProxyError('proxy_internal_error', 'The server side of this stacked session is picked up already.');
    }
    const { remote } = this;
    const denial = this.#denial(session);
    if (denial !== undefined) return denial;
    if (session.aborted) return cancelled(remote);
    if (this.#state === 'waiting') return undefined;
    return this.#failure ?? this.#terminated('has closed the connection');
  }

  /** Nothing is dialled here, and the outer proxy has asked who chose this server: only rules can forbid it. */
  #denial(session: Session): ProxyError | undefined {
    session.serverAddress = this.remote;
    const decision = judgeServer(session, this.remote, 'operator');
    session.decision = decision;
    return decision.verdict === 'allow' ? undefined : accessDenied(decision, this.remote);
  }

  #terminated(what: string): ProxyError {
    const message = `${formatSockAddr(this.remote)} ${what}, and a stacked proxy cannot open another connection.`;
    return new ProxyError('connection_terminated', message, { address: this.remote });
  }

  /** @internal A session gives it back, clean or not. */
  giveBack(clean: boolean, error?: Error): void {
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

  // ---- while it waits: whatever the server does now is out of turn

  data(): void {
    this.#fail('sent something that nobody had asked for');
  }

  drained(): void {}

  ended(): void {
    this.#fail('has closed the connection');
  }

  closed(): void {
    this.#fail('has closed the connection');
  }

  #fail(what: string): void {
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
  #given = false;

  constructor(stream: ServerStream, server: ServerConnection, reused: boolean) {
    this.#stream = stream;
    this.connection = server.connection;
    this.remote = server.remote;
    this.local = server.local;
    this.reused = reused;
  }

  release(): void {
    this.#give(true);
  }

  destroy(error?: Error): void {
    this.#give(false, error);
  }

  #give(clean: boolean, error?: Error): void {
    if (this.#given) return;
    this.#given = true;
    this.#stream.giveBack(clean, error);
  }
}
