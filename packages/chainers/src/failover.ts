import {
  AbstractChainer,
  AccessDeniedError,
  definePlugin,
  formatHostPort,
  formatSockAddr,
  isPromise,
  toProxyError,
  type ChainerDeps,
  type InetAddr,
  type MaybePromise,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { z } from 'zod';
import { DownMarks } from './down-marks.ts';
import { duration } from './duration.ts';
import {
  configurationError,
  connectShape,
  localOrForged,
  localOrForgedIssue,
  refuseForgeAddr,
  serverAddress,
  type ConnectOptions,
} from './options.ts';
import { isName, type ServerAddress } from './server-address.ts';
import { ServerConnector } from './server-connector.ts';

export type FailoverPolicy = 'rotate' | 'sticky';

export interface FailoverOptions extends ConnectOptions {
  /** At least one. A host that stands there twice gets twice the share, but one attempt per session. */
  readonly hosts: readonly ServerAddress[];
  /** `rotate` (default): every attempt advances to the next host. `sticky`: only a failed one does. */
  readonly policy?: FailoverPolicy | undefined;
  /** Milliseconds that a failed host is skipped while another is up. Default 60 s. */
  readonly stateTimeout?: number | undefined;
}

/** Milliseconds. */
export const DEFAULT_STATE_TIMEOUT = 60_000;

const NO_HOSTS = 'hosts needs at least one server';

/** Tries several servers until one accepts, beginning with another one each time. Seed: FailoverChainer. */
export class FailoverChainer extends AbstractChainer {
  readonly kind = 'failover';
  readonly hosts: readonly ServerAddress[];
  readonly local: InetAddr | undefined;
  readonly forgeAddr: boolean;
  readonly policy: FailoverPolicy;
  /** Seed: current_host. Index into `hosts` of the host to try next. */
  currentHost = 0;
  /** What tells the hosts apart, beside `hosts`. */
  readonly #keys: readonly string[];
  readonly #down: DownMarks;
  readonly #connector: ServerConnector;

  constructor(options: FailoverOptions, deps: Pick<ChainerDeps, 'establishConnection' | 'resolver'>) {
    super(deps.establishConnection);
    if (options.hosts.length === 0) throw configurationError(`${NO_HOSTS}.`, 'chainer.hosts');
    this.#connector = new ServerConnector(deps, options);
    this.hosts = options.hosts.map((host, index) => this.#connector.prepare(host, `chainer.hosts[${index}]`));
    this.#keys = this.hosts.map((host) => (isName(host) ? formatHostPort(host) : formatSockAddr(host)));
    this.local = this.#connector.local;
    this.forgeAddr = this.#connector.forgeAddr;
    this.policy = options.policy ?? 'rotate';
    this.#down = new DownMarks(options.stateTimeout ?? DEFAULT_STATE_TIMEOUT);
  }

  /** The host to attempt next. */
  getHostAddress(): ServerAddress {
    return this.hosts[this.currentHost]!;
  }

  /** Skips to the next host; after the last comes the first. */
  nextHost(): void {
    this.currentHost = this.currentHost + 1 < this.hosts.length ? this.currentHost + 1 : 0;
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const index = this.#find() ?? this.#revive(new Set()) ?? this.currentHost;
    const result = this.#attempt(session, index);
    // An idle connection proves nothing about the host, so there is nothing to note down either.
    return isPromise(result) ? this.#goOn(session, index, result) : result;
  }

  /** Waits for the first attempt, and makes the others that it takes. */
  async #goOn(session: Session, first: number, pending: Promise<ServerConnection>): Promise<ServerConnection> {
    const tried = new Set<string>();
    let index = first;
    let result: MaybePromise<ServerConnection> = pending;
    for (;;) {
      const key = this.#keys[index]!;
      tried.add(key);
      try {
        const connection = await result;
        this.#down.clear(key);
        return connection;
      } catch (cause) {
        const error = toProxyError(cause);
        if (error instanceof AccessDeniedError || session.aborted) throw error;
        if (saysSomethingAboutHost(error)) this.#failed(index, key);
        const next = this.#find(tried) ?? this.#revive(tried);
        if (next === undefined) throw error;
        index = next;
        result = this.#attempt(session, index);
      }
    }
  }

  #attempt(session: Session, index: number): MaybePromise<ServerConnection> {
    this.currentHost = index;
    const host = this.getHostAddress();
    if (this.policy === 'rotate') this.nextHost();
    return this.#connector.connect(session, host);
  }

  #failed(index: number, key: string): void {
    this.#down.mark(key);
    // Many sessions may fail at one host at once; only the first of them moves everybody on.
    if (this.policy === 'sticky' && this.currentHost === index) this.nextHost();
  }

  /** The first host from `currentHost` on that is up and was not tried; undefined when there is none. */
  #find(tried?: ReadonlySet<string>): number | undefined {
    for (let step = 0; step < this.hosts.length; step += 1) {
      const index = (this.currentHost + step) % this.hosts.length;
      const key = this.#keys[index]!;
      if (tried?.has(key) !== true && !this.#down.has(key)) return index;
    }
    return undefined;
  }

  /**
   * When every host that is left is marked as down, the marks are worth nothing: they go, and each is tried once.
   * Those that this session has just found down keep theirs.
   */
  #revive(tried: ReadonlySet<string>): number | undefined {
    for (const key of this.#keys) if (!tried.has(key)) this.#down.clear(key);
    return this.#find(tried);
  }
}

/** What we or the client did wrong does not, nor that this client's address is of another family than the host's. */
function saysSomethingAboutHost({ fault, setting }: ProxyError): boolean {
  return fault === 'server' && setting !== 'chainer.forgeAddr';
}

export const failoverOptions = z
  .strictObject({
    hosts: z
      .array(serverAddress)
      .min(1, { error: NO_HOSTS })
      .describe('The servers to try. One that stands there twice gets twice the share of the connections.'),
    policy: z
      .enum(['rotate', 'sticky'])
      .default('rotate')
      .describe('rotate: each connection begins with the next server. sticky: all stay on one until it fails.'),
    stateTimeout: duration({ minimum: 0 })
      .prefault('60s')
      .describe('How long a server that failed is skipped while another is up: 500ms, 10s, 5m, or milliseconds.'),
    ...connectShape,
  })
  .refine(localOrForged, localOrForgedIssue)
  .describe('Tries several servers until one accepts, and remembers for a while which of them failed.');

export const failoverPlugin = definePlugin<z.output<typeof failoverOptions>>({
  provides: 'chainer',
  kind: 'failover',
  schema: failoverOptions,
  serverChosenBy: 'operator',
  create(options, deps) {
    refuseForgeAddr(options, deps);
    return new FailoverChainer(options, deps);
  },
});
