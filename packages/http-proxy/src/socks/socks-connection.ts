import {
  isPromise,
  ProxyError,
  toProxyError,
  type AuthOutcome,
  type ClientConnection,
  type ConnectionHandler,
} from '@inband/core';
import { recordRefusal } from '../client/refusal.ts';
import { ServedConnection } from '../client/served-connection.ts';
import type { ConnectionOwner } from '../exchange/open-connection.ts';
import { badRequest } from '../message/head/faults.ts';
import { connectTarget, readConnect } from './connect-head.ts';
import { SocksClient } from './socks-client.ts';
import { chooseMethod, credentialsOf, LOGGED_IN, loginProblem, NO_METHOD, NOT_LOGGED_IN } from './socks-login.ts';
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
 * - `tunnel`, `lingering`, `closed`: see {@link ServedConnection}.
 */
type BusyState = 'reading' | 'verifying' | 'exchanging';

/** Of RFC 1928. BIND and UDP ASSOCIATE are refused. */
const CONNECT = 1;

/** Owns the connection of a client that speaks SOCKS, from its first byte on. It has one request, which an exchange serves as a CONNECT. */
export class SocksConnection
  extends ServedConnection<BusyState, SocksSide>
  implements ConnectionHandler, SocksSideOwner
{
  readonly version: SocksVersion;
  #reader: SocksReader | undefined;
  /** Of a client that has logged in: as a request of HTTP would have them. */
  #credentials: string | undefined = undefined;
  /** The answer to the request of a client that is not to be served. */
  readonly #refusal: ProxyError | undefined;

  constructor(owner: ConnectionOwner, accepted: ClientConnection, version: SocksVersion, refusal?: ProxyError) {
    super(owner, new SocksClient(accepted, version), 'reading');
    this.version = version;
    this.#reader = new SocksReader(version);
    this.#refusal = refusal;
  }

  // ---- what the proxy calls

  /** Takes over the connection with its first bytes, `bytes[start..end)`. */
  start(bytes: Buffer, start: number, end: number): void {
    this.connection.handler = this;
    this.startTimeout(this.#refusal === undefined ? 'header' : 'refusal');
    this.context.waitingBytes.holdHead(this, LONGEST_MESSAGE);
    this.data(bytes, start, end);
  }

  /** It has something to do until its tunnel ends. */
  drain(): void {}

  /** Its request moves when it is there. */
  move(): void {}

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (this.#reader !== undefined && !this.#isVerifying && at < end) {
      at = this.#reader.read(bytes, at, end);
      const { message } = this.#reader;
      // What lies behind the request waits before it is served, because its tunnel may open at once.
      if (message?.kind === 'request') this.keepAhead(bytes, at, end);
      if (message !== undefined) this.#take(message);
      if (message?.kind === 'request') return;
    }
    if (this.state === 'exchanging' || this.#isVerifying) this.keepAhead(bytes, at, end);
  }

  get #isVerifying(): boolean {
    return this.state === 'verifying';
  }

  drained(): void {
    if (this.state === 'lingering') this.startTimeout('linger');
  }

  ended(): void {
    this.hasEnded = true;
    if (this.state === 'reading') this.#refuse(badRequest('The SOCKS request ended in its middle.'));
    else if (this.state === 'exchanging') this.side?.clientEnded();
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
    const chosen = chooseMethod(offered, this.context.authenticator?.readsPasswords === true);
    if (chosen === undefined) {
      this.#record(badRequest('The client wants to authenticate, and no method for that is spoken here.'));
      return this.#reply(NO_METHOD);
    }
    this.connection.write(chosen.reply);
    this.#reader?.next(chosen.next);
  }

  /** The request is held to the same credentials again, which the authenticator remembers. */
  #login(userAndPassword: Buffer): void {
    const credentials = credentialsOf(userAndPassword);
    this.#credentials = credentials;
    try {
      const outcome = this.context.authenticator?.authenticate({ client: this.client, credentials });
      if (outcome === undefined || !isPromise(outcome)) return this.#loggedIn(outcome);
      this.enter('verifying');
      outcome.then(
        (late) => this.#verified(late),
        (error: unknown) => this.#notVerified(error),
      );
    } catch (error) {
      this.#notVerified(error);
    }
  }

  #verified(outcome: AuthOutcome): void {
    if (this.state !== 'verifying') return;
    this.enter('reading');
    this.#loggedIn(outcome);
    if (this.#reader === undefined) return;
    const ahead = this.dropAhead();
    this.connection.resume();
    if (ahead !== undefined) this.data(ahead, 0, ahead.length);
    if (this.hasEnded && this.#reader !== undefined) this.ended();
  }

  #loggedIn(outcome: AuthOutcome | undefined): void {
    const problem = loginProblem(outcome, this.context.service.name);
    if (problem !== undefined) return this.#notVerified(problem);
    this.connection.write(LOGGED_IN);
    this.#reader?.next('request');
  }

  #notVerified(error: unknown): void {
    if (this.state !== 'reading' && this.state !== 'verifying') return;
    const failure = toProxyError(error);
    if (failure.code === 'proxy_internal_error') this.context.logger.error({ err: error }, 'defect of authentication');
    this.#record(failure);
    this.#reply(NOT_LOGGED_IN);
  }

  #serve({ command, host, port }: Extract<SocksMessage, { readonly kind: 'request' }>): void {
    if (this.state !== 'reading') return;
    this.stopReading();
    if (this.owner.isRetired) this.moveToSuccessor();
    const target = connectTarget(host, port);
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      if (command !== CONNECT) return this.#refuse(wrongCommand(command), SocksReply.commandNotSupported, target);
      const request = readConnect(this.context, target, this.#credentials);
      this.enter('exchanging');
      this.side = new SocksSide(this.owner.plan, this.client, this.timeout, this);
      this.side.serve(request);
    } catch (error) {
      this.#refuse(toProxyError(error), undefined, target);
    }
  }

  /** A request that is not served: there is no exchange, but the log hears of it. */
  #refuse(error: ProxyError, reply = replyTo(error), target?: string): void {
    if (error.code === 'proxy_internal_error') {
      this.context.logger.error({ err: error }, 'defect while reading a SOCKS request');
    }
    this.#record(error, target);
    this.#reply(replyBytes(this.version, reply));
  }

  #record(error: ProxyError, target?: string): void {
    recordRefusal(this.context, this.client, { method: target === undefined ? '' : 'CONNECT', url: target }, error);
  }

  giveUp(error: ProxyError): void {
    if (this.state === 'reading') this.#refuse(error);
    else if (this.state === 'verifying') this.destroy(error);
    else if (this.hasAhead) this.destroy(error);
  }

  // ---- the end

  exchangeOver(): void {
    this.finish();
  }

  /** The last one. */
  #reply(reply: Buffer): void {
    this.connection.write(reply);
    this.finish();
  }

  protected stopReading(): void {
    if (this.#reader === undefined) return;
    this.#reader = undefined;
    this.context.waitingBytes.dropHead(this);
  }

  /** @internal */
  timeoutExpired(): void {
    if (this.state === 'exchanging') return this.side?.timeoutExpired();
    if (this.state !== 'reading' || this.#refusal !== undefined) return this.destroy();
    const { headerTimeout } = this.context.options;
    const message = `The SOCKS request did not come within ${headerTimeout} ms.`;
    this.#refuse(badRequest(message, { status: 408, setting: 'http.headerTimeout' }));
  }
}

function wrongCommand(command: number): ProxyError {
  const what = command === 2 ? 'BIND' : command === 3 ? 'UDP ASSOCIATE' : `The command ${command}`;
  return new ProxyError('http_request_error', `${what} of SOCKS is not spoken here, only CONNECT.`, { status: 501 });
}
