import {
  accessDenied,
  AccessDeniedError,
  endedByOperator,
  Timeout,
  formatHostPort,
  releaseServer,
  ignoreEvents,
  isIntercepted,
  isPromise,
  ProxyError,
  Relay,
  Session,
  sessionWriter,
  tellChainer,
  toProxyError,
  tunnelError,
  type ClientConnection,
  type ConnectionHandler,
  type Expiring,
  type Holder,
  type HostPort,
  type LiveSession,
  type Route,
  type ServerConnection,
  type SessionBytes,
  type Turn,
} from '@inband/core';
import type { ClientHello } from './client-hello.ts';
import { LONGEST_CONNECT, type GuardContext } from './context.ts';
import { HelloFault } from './hello-fault.ts';
import { HelloReader } from './hello-reader.ts';
import { checkServerName, refused } from './check-server-name.ts';

/**
 * The states of a tunnel. Each leads only to those below it.
 *
 * ```
 * reading ── ClientHello accepted ──▶ connecting ── server connected ──▶ tunnel ── relay done ──▶ closed
 *    └────── refused, timeout, client gone ─┴──────────────────────────────────────────────────────▲
 * ```
 *
 * - `reading`: the ClientHello is not complete yet.
 * - `connecting`: the ClientHello was accepted, and the chainer connects to the server.
 * - `tunnel`: a relay owns both connections.
 * - `closed`: both connections are closed, and the record was written.
 */
type State = 'reading' | 'connecting' | 'tunnel' | 'closed';

/** One tunnel through the guard. It owns the client's connection as its handler until a relay takes over. */
export class GuardedTunnel implements ConnectionHandler, Expiring, Holder, LiveSession {
  readonly #context: GuardContext;
  readonly client: ClientConnection;
  readonly session: Session;
  list: object | undefined = undefined;
  older: GuardedTunnel | undefined = undefined;
  newer: GuardedTunnel | undefined = undefined;
  readonly #forget: (tunnel: GuardedTunnel) => void;
  readonly #timeout = new Timeout(this);
  readonly #hello = new HelloReader();
  readonly #begun = performance.now();
  #state: State = 'reading';
  #relay: Relay | undefined = undefined;
  #bytes: SessionBytes | undefined = undefined;
  /** Of a bandwidth, before the server is connected to. */
  #turn: Turn | undefined = undefined;
  #draining = false;

  constructor(context: GuardContext, client: ClientConnection, forget: (tunnel: GuardedTunnel) => void) {
    this.#context = context;
    this.client = client;
    this.session = new Session(client, context.service);
    context.tracer?.begin(this.session);
    this.#forget = forget;
  }

  start(): void {
    this.client.connection.handler = this;
    this.#timeout.start(this.#context.waits.hello);
    const received = this.client.takeReceived?.();
    if (received !== undefined) this.data(received, 0, received.length);
    if (this.#state === 'reading') this.client.connection.resume();
  }

  /** Closes after `FIRST_MOMENT` if no byte has arrived by then, because the client may have been accepted just now. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#isSilent()) this.#timeout.start(this.#context.waits.first);
  }

  #isSilent(): boolean {
    return this.#state === 'reading' && !this.#hello.begun;
  }

  /** Closes the tunnel at once. */
  destroy(): void {
    if (this.#relay === undefined) this.#end(undefined, true);
    else this.#relay.destroy();
  }

  // ---- LiveSession

  get kind(): 'tunnel' {
    return 'tunnel';
  }

  get state(): string {
    return this.#state;
  }

  get url(): string | undefined {
    const { target } = this.session;
    return target && formatHostPort(target);
  }

  get started(): number {
    return this.#begun;
  }

  get bytesIn(): number {
    return this.#relay?.bytesIn ?? 0;
  }

  get bytesOut(): number {
    return this.#relay?.bytesOut ?? 0;
  }

  end(): void {
    if (this.#relay === undefined) this.#end(endedByOperator(), false);
    else this.#relay.end();
  }

  // ---- ConnectionHandler

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#state !== 'reading') return;
    // The client is no longer silent, so the short timeout of `drain` gives way to the usual one.
    if (this.#draining && !this.#hello.begun) this.#timeout.start(this.#context.waits.hello);
    try {
      const hello = this.#hello.read(bytes, start, end);
      if (hello !== undefined) this.#accept(hello);
      else this.#context.waitingBytes.holdHead(this, this.#hello.kept);
    } catch (error) {
      this.#fail(error instanceof HelloFault ? refused(error.message, this.#context) : toProxyError(error));
    }
  }

  /** @internal `WaitingBytes` is full and drops the bytes of this tunnel. */
  giveUp(error: ProxyError): void {
    this.#fail(error);
  }

  drained(): void {}

  ended(): void {
    // A stacked client connection also ends when its server connection fails.
    const failure = this.session.serverStream?.failure;
    if (failure !== undefined && this.#context.service.onlyPicksUp !== false) return this.#fail(failure);
    if (!this.#hello.begun) return this.#end(undefined, true);
    this.#fail(refused('it ended in the middle of its ClientHello', this.#context));
  }

  closed(): void {
    this.#end(undefined, true);
  }

  /** The target of the CONNECT request, if an outer service has parsed one. */
  get #target(): HostPort | undefined {
    return this.session.parent?.target;
  }

  #accept(hello: ClientHello): void {
    const { originalDestination, local } = this.client;
    const reached = originalDestination ?? local;
    const port = this.#target?.port ?? (reached.family === 'unix' ? 0 : reached.port);
    this.#context.waitingBytes.dropHead(this);
    // Set before the check, so that the log line of a refused tunnel has the name.
    if (hello.serverName !== undefined) {
      sessionWriter.setTarget(this.session, { host: hello.serverName.toLowerCase(), port });
    }
    const host = checkServerName(hello, this.#target, this.#context);
    this.#state = 'connecting';
    this.#timeout.cancel();
    this.client.connection.pause();
    const route = this.#admit({ host, port });
    this.#bytes = this.#context.bytes?.begin({ client: this.client.address, user: this.session.user });
    // What has come already is sent when the server is connected to, so that is waited with, as CONNECT does.
    this.#turn = this.#bytes?.turn(true);
    if (this.#turn === undefined) return this.#connect(route, host, port);
    this.#turn.come
      .then(() => this.#connect(route, host, port))
      .catch((error: unknown) => this.#fail(toProxyError(error)));
  }

  #connect(route: Route, host: string, port: number): void {
    if (this.#state !== 'connecting') return;
    this.#timeout.start(this.#context.waits.connect);
    const server = route.chainer.connectServer(this.session, host, port);
    if (!isPromise(server)) return this.#connected(server);
    server.then((connection) => this.#connected(connection)).catch((error: unknown) => this.#fail(toProxyError(error)));
  }

  /** Evaluates policy and routes as far as they do not need the server's address. */
  #admit(target: HostPort): Route {
    const { service } = this.#context;
    const { client, user, tls } = this.session;
    sessionWriter.setTarget(this.session, target);
    const query = { client: client.address, server: undefined, serverChosenBy: 'operator' as const };
    const decision = service.policy.decide({
      ...query,
      target,
      method: undefined,
      user,
      certificate: tls?.certificate,
    });
    if (decision.verdict === 'deny') throw accessDenied(decision);
    const route = service.route({ target, method: '', path: undefined, client });
    if (route !== undefined) {
      sessionWriter.setRoute(this.session, route);
      return route;
    }
    const setting = `services.${service.name}.routes`;
    throw new AccessDeniedError('http_request_denied', 'No route of this service matches the tunnel.', setting, {
      setting,
    });
  }

  #connected(server: ServerConnection): void {
    if (typeof server?.connection?.write !== 'function') {
      const kind = this.session.route?.chainer.kind;
      throw new ProxyError('proxy_internal_error', `The chainer "${kind}" did not give a server connection.`);
    }
    if (this.#state !== 'connecting') return server.destroy();
    this.#state = 'tunnel';
    this.#timeout.cancel();
    sessionWriter.setConnected(this.session, true);
    if (server.tls !== undefined) sessionWriter.setServerTls(this.session, server.tls);
    const { waits, options, service } = this.#context;
    this.#relay = new Relay(this.client.connection, server.connection, {
      session: this.session.id,
      idle: waits.tunnelIdle,
      halfClose: waits.tunnelHalfClose,
      bytes: this.#bytes,
      done: (result) => {
        releaseServer(server, false, this.#context.logger);
        const error = tunnelError(result, options, `services.${service.name}.tls`);
        this.#record(error, result.failed === 'client', result);
        this.#close();
      },
    });
    this.#relay.start({ fromClient: this.#hello.takeReceived(), clientEnded: false });
  }

  /** @internal */
  timeoutExpired(): void {
    if (this.#draining && this.#isSilent()) return this.destroy();
    if (this.#state === 'connecting') {
      this.#fail(new ProxyError('connection_timeout', `No server was reached within ${LONGEST_CONNECT} ms.`));
      return;
    }
    const { options, service } = this.#context;
    const setting = `services.${service.name}.tls.helloTimeout`;
    const message = `No whole ClientHello came within ${options.helloTimeout} ms.`;
    this.#fail(new ProxyError('http_request_error', message, { status: 408, setting }));
  }

  #fail(error: ProxyError): void {
    if (error.code === 'proxy_internal_error')
      this.#context.logger.error({ err: error }, 'defect while guarding a tunnel');
    this.#end(error, false);
  }

  /** Ends a tunnel that is not connected. The client's connection is closed without an answer. */
  #end(error: ProxyError | undefined, aborted: boolean): void {
    if (this.#state === 'closed' || this.#state === 'tunnel') return;
    const isSilent = this.#state === 'reading' && !this.#hello.begun && isIntercepted(this.client);
    if (isSilent) this.#context.onSilent(this.client, aborted ? 'client' : 'proxy');
    sessionWriter.abort(this.session);
    this.#record(error, aborted, { bytesIn: 0, bytesOut: 0 });
    const { connection } = this.client;
    connection.handler = ignoreEvents;
    connection.destroy();
    this.#close();
  }

  #close(): void {
    this.#state = 'closed';
    this.#turn?.cancel();
    this.#bytes?.close();
    this.#context.waitingBytes.dropHead(this);
    this.#timeout.cancel();
    this.#forget(this);
  }

  #record(error: ProxyError | undefined, aborted: boolean, bytes: { bytesIn: number; bytesOut: number }): void {
    tellChainer(this.session, 0, undefined, this.#relay === undefined ? error : undefined, false);
    this.#context.sessionEnds.listener?.({
      session: this.session,
      kind: 'tunnel',
      url: this.url,
      status: 0,
      bytesIn: bytes.bytesIn,
      bytesOut: bytes.bytesOut,
      duration: performance.now() - this.#begun,
      wait: undefined,
      reused: false,
      error,
      aborted,
    });
  }
}
