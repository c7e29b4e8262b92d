import {
  AuthenticationError,
  type AuthOutcome,
  ignoreEvents,
  isPromise,
  ProxyError,
  Timeout,
  toProxyError,
  type ClientConnection,
  type Connection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  type LiveSession,
} from '@inband/core';
import { AheadBytes } from '../client/ahead-bytes.ts';
import { recordRefusal } from '../client/refusal.ts';
import type { ConnectionOwner, OpenConnection } from '../exchange/open-connection.ts';
import { tunnelOf } from '../exchange/tunnel.ts';
import { badRequest } from '../message/head/faults.ts';
import type { HttpContext } from '../service/context.ts';
import { connectTarget, readConnect } from './connect-head.ts';
import { SocksClient } from './socks-client.ts';
import { LONGEST_MESSAGE, type SocksMessage, SocksReader } from './socks-reader.ts';
import { replyBytes, SocksReply, replyTo } from './socks-reply.ts';
import { SocksSide, type SocksSideOwner } from './socks-side.ts';
import type { SocksVersion } from './socks-version.ts';

/**
 * Where a client connection stands.
 *
 *     reading ──▶ exchanging ──▶ tunnel ──▶ closed
 *      │ ▲ └──────────┴──▶ lingering ──────────▲
 *      ▼ │                     ▲
 *     verifying ───────────────┘
 *
 * - `reading`: methods, login and request come in.
 * - `verifying`: its user and password are being verified. Bytes behind them wait.
 * - `exchanging`: the request is being served. Bytes behind it wait for the tunnel.
 * - `tunnel`: a relay owns the connection.
 * - `lingering`: the last reply is written. What still comes is discarded until the client has read it.
 * - `closed`: the connection is closed, and no timeout runs.
 */
type State = 'reading' | 'verifying' | 'exchanging' | 'tunnel' | 'lingering' | 'closed';

/** Of RFC 1928. BIND and UDP ASSOCIATE are refused. */
const CONNECT = 1;

/** "No authentication required". */
const NO_AUTHENTICATION = 0;
/** What its client says is a message of its own between methods and request (RFC 1929). */
const USER_AND_PASSWORD = 2;
const NO_ACCEPTABLE_METHOD = 0xff;

const LOGGED_IN = Buffer.from([1, 0]);
const NOT_LOGGED_IN = Buffer.from([1, 1]);

/** The timeout of a connection that waits for nothing any more. Never started. */
const NO_TIMEOUT = new Timeout(() => {});

/** Owns the connection of a client that speaks SOCKS, from its first byte on. It has one request, which an exchange serves as a CONNECT. */
export class SocksConnection implements ConnectionHandler, SocksSideOwner, OpenConnection, Expiring, Holder {
  closing = false;
  hasEnded = false;

  readonly client: ClientConnection;
  readonly version: SocksVersion;
  #owner: ConnectionOwner;
  #context: HttpContext;
  readonly #connection: Connection;
  #timeout = new Timeout(this);
  #state: State = 'reading';
  #reader: SocksReader | undefined;
  #side: SocksSide | undefined = undefined;
  /** While something has come before the tunnel is open. */
  #ahead: AheadBytes | undefined = undefined;
  /** Of a client that has logged in: as a request of HTTP would have them. */
  #credentials: string | undefined = undefined;
  /** The answer to the request of a client that is not to be served. */
  readonly #refusal: ProxyError | undefined;

  constructor(owner: ConnectionOwner, accepted: ClientConnection, version: SocksVersion, refusal?: ProxyError) {
    this.#owner = owner;
    this.#context = owner.plan.context;
    this.client = new SocksClient(accepted, version);
    this.version = version;
    this.#connection = accepted.connection;
    this.#reader = new SocksReader(version);
    this.#refusal = refusal;
  }

  // ---- what the proxy calls

  /** Takes over the connection with its first bytes, `bytes[start..end)`. */
  start(bytes: Buffer, start: number, end: number): void {
    this.#connection.handler = this;
    this.#timeout.start(this.#context.timeouts[this.#refusal === undefined ? 'header' : 'refusal']);
    this.#context.waitingBytes.holdHead(this, LONGEST_MESSAGE);
    this.data(bytes, start, end);
  }

  get isTunnel(): boolean {
    return this.#state === 'tunnel';
  }

  get live(): LiveSession | undefined {
    return this.#state === 'tunnel' ? tunnelOf(this.#connection) : this.#side?.live;
  }

  /** It has something to do until its tunnel ends. */
  drain(): void {}

  /** Its request moves when it is there. */
  move(): void {}

  destroy(error?: Error): void {
    if (this.#state === 'closed') return;
    this.#connection.destroy(error);
    if (this.#state === 'tunnel') return;
    this.#connection.handler = ignoreEvents;
    this.#close();
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (this.#reader !== undefined && !this.#isVerifying && at < end) {
      at = this.#reader.read(bytes, at, end);
      const { message } = this.#reader;
      // What lies behind the request waits before it is served, because its tunnel may open at once.
      if (message?.kind === 'request') this.#keepAhead(bytes, at, end);
      if (message !== undefined) this.#take(message);
      if (message?.kind === 'request') return;
    }
    if (this.#state === 'exchanging' || this.#isVerifying) this.#keepAhead(bytes, at, end);
  }

  get #isVerifying(): boolean {
    return this.#state === 'verifying';
  }

  drained(): void {
    if (this.#state === 'lingering') this.#timeout.start(this.#context.timeouts.linger);
  }

  ended(): void {
    this.hasEnded = true;
    if (this.#state === 'reading') this.#refuse(badRequest('The SOCKS request ended in its middle.'));
    else if (this.#state === 'exchanging') this.#side?.clientEnded();
  }

  closed(): void {
    this.#close();
  }

  // ---- its messages

  #take(message: SocksMessage): void {
    switch (message.kind) {
      case 'methods':
        return this.#chooseMethod(message.offered);
      case 'login':
        return this.#login(message.userAndPassword);
      case 'request':
        return this.#serve(message);
      case 'fault':
        return this.#refuse(badRequest(message.message), message.reply);
    }
  }

  #chooseMethod(offered: readonly number[]): void {
    const readsPasswords = this.#context.authenticator?.readsPasswords === true;
    if (readsPasswords && offered.includes(USER_AND_PASSWORD)) return this.#choose(USER_AND_PASSWORD, 'login');
    // Whoever must log in and does not is refused by the step that authenticates.
    if (offered.includes(NO_AUTHENTICATION)) return this.#choose(NO_AUTHENTICATION, 'request');
    const error = badRequest('The client wants to authenticate, and no method for that is spoken here.');
    this.#record(error);
    this.#finish(Buffer.from([5, NO_ACCEPTABLE_METHOD]));
  }

  #choose(method: number, awaited: 'login' | 'request'): void {
    this.#connection.write(Buffer.from([5, method]));
    this.#reader?.next(awaited);
  }

  /** The request is held to the same credentials again, which the authenticator remembers. */
  #login(userAndPassword: Buffer): void {
    const { authenticator } = this.#context;
    this.#credentials = `Basic ${userAndPassword.toString('base64')}`;
    userAndPassword.fill(0);
    try {
      const outcome = authenticator?.authenticate({ client: this.client, credentials: this.#credentials });
      if (outcome === undefined || !isPromise(outcome)) return this.#loggedIn(outcome);
      this.#state = 'verifying';
      outcome.then(
        (late) => this.#verified(late),
        (error: unknown) => this.#notVerified(error),
      );
    } catch (error) {
      this.#notVerified(error);
    }
  }

  #verified(outcome: AuthOutcome): void {
    if (this.#state !== 'verifying') return;
    this.#state = 'reading';
    this.#loggedIn(outcome);
    if (this.#reader === undefined) return;
    const ahead = this.dropAhead();
    this.#connection.resume();
    if (ahead !== undefined) this.data(ahead, 0, ahead.length);
    if (this.hasEnded && this.#reader !== undefined) this.ended();
  }

  #loggedIn(outcome: AuthOutcome | undefined): void {
    if (outcome !== undefined && outcome.verdict !== 'user') {
      const why = outcome.verdict === 'denied' ? outcome.why : 'No user of this service logs in by a password.';
      return this.#notVerified(new AuthenticationError(407, why, `services.${this.#context.service.name}.auth`, []));
    }
    this.#connection.write(LOGGED_IN);
    this.#reader?.next('request');
  }

  #notVerified(error: unknown): void {
    if (this.#state !== 'reading' && this.#state !== 'verifying') return;
    const failure = toProxyError(error);
    if (failure.code === 'proxy_internal_error') this.#context.logger.error({ err: error }, 'defect of authentication');
    this.#record(failure);
    this.#finish(NOT_LOGGED_IN);
  }

  #serve({ command, host, port }: Extract<SocksMessage, { readonly kind: 'request' }>): void {
    if (this.#state !== 'reading') return;
    this.#dropReader();
    if (this.#owner.isRetired) this.#move();
    const target = connectTarget(host, port);
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      if (command !== CONNECT) return this.#refuse(wrongCommand(command), SocksReply.commandNotSupported, target);
      const request = readConnect(this.#context, target, this.#credentials);
      this.#state = 'exchanging';
      this.#side = new SocksSide(this.#owner.plan, this.client, this.#timeout, this);
      this.#side.serve(request);
    } catch (error) {
      this.#refuse(toProxyError(error), undefined, target);
    }
  }

  #move(): void {
    const owner = this.#owner.moveToSuccessor(this);
    if (owner === undefined) return;
    this.#owner = owner;
    this.#context = owner.plan.context;
  }

  /** A request that is not served: there is no exchange, but the log hears of it. */
  #refuse(error: ProxyError, reply = replyTo(error), target?: string): void {
    if (error.code === 'proxy_internal_error') {
      this.#context.logger.error({ err: error }, 'defect while reading a SOCKS request');
    }
    this.#record(error, target);
    this.#finish(replyBytes(this.version, reply));
  }

  #record(error: ProxyError, target?: string): void {
    recordRefusal(this.#context, this.client, { method: target === undefined ? '' : 'CONNECT', url: target }, error);
  }

  /** @internal Too many bytes wait, and those of this connection are dropped. */
  giveUp(error: ProxyError): void {
    if (this.#state === 'reading') this.#refuse(error);
    else if (this.#state === 'verifying') this.destroy(error);
    else if (this.#ahead !== undefined) this.destroy(error);
  }

  // ---- what came before its turn

  #keepAhead(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const rest = bytes.subarray(start, end);
    if (this.#ahead === undefined) this.#ahead = new AheadBytes(rest, this.#context.waitingBytes, this);
    else this.#ahead.append(rest);
    this.#ahead.hold(this.#connection);
  }

  get hasAhead(): boolean {
    return this.#ahead !== undefined;
  }

  dropAhead(): Buffer | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead?.drop();
  }

  // ---- SocksSideOwner

  exchangeOver(): void {
    this.#finish();
  }

  becomeTunnel(): void {
    // What only the request needs is released, because thousands of tunnels may be idle.
    this.#timeout.cancel();
    this.#timeout = NO_TIMEOUT;
    this.#side = undefined;
    this.#state = 'tunnel';
  }

  tunnelClosed(): void {
    this.#close();
  }

  // ---- the end

  /** Sends what is queued, then closes. Reads on for a short time, so that a reset does not overtake the reply. */
  #finish(reply?: Buffer): void {
    this.#dropReader();
    this.dropAhead();
    this.#state = 'lingering';
    this.#timeout.start(this.#context.timeouts.linger);
    if (reply !== undefined) this.#connection.write(reply);
    this.#connection.end();
    this.#connection.resume();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timeout.cancel();
    this.#dropReader();
    this.dropAhead();
    this.#side?.clientClosed();
    this.#owner.forget(this);
  }

  #dropReader(): void {
    if (this.#reader === undefined) return;
    this.#reader = undefined;
    this.#context.waitingBytes.dropHead(this);
  }

  /** @internal */
  timeoutExpired(): void {
    if (this.#state === 'exchanging') return this.#side?.timeoutExpired();
    if (this.#state !== 'reading' || this.#refusal !== undefined) return this.destroy();
    const { headerTimeout } = this.#context.options;
    const message = `The SOCKS request did not come within ${headerTimeout} ms.`;
    this.#refuse(badRequest(message, { status: 408, setting: 'http.headerTimeout' }));
  }
}

function wrongCommand(command: number): ProxyError {
  const what = command === 2 ? 'BIND' : command === 3 ? 'UDP ASSOCIATE' : `The command ${command}`;
  return new ProxyError('http_request_error', `${what} of SOCKS is not spoken here, only CONNECT.`, { status: 501 });
}
