import {
  AccessDeniedError,
  isPromise,
  toProxyError,
  type ChainerDeps,
  type MaybePromise,
  type ProxyError,
  type ServerConnection,
  type ServerFailure,
  type Session,
} from '@inband/core';
import { z } from 'zod';
import { lazily } from './options/lazily.ts';
import { defineDialingPlugin } from './connect/dialing-chainer.ts';
import { duration } from './options/duration.ts';
import { configurationError } from './options/configuration-error.ts';
import { connecting, connectShape, serverOrPort } from './options/options.ts';
import type { ConnectOptions } from './options/connect-options.ts';
import type { ServerAddress, WrittenServer } from './options/server-address.ts';
import { DownMarks } from './servers/down-marks.ts';
import type { HostList } from './servers/host-list.ts';
import { ServerListChainer } from './servers/server-list-chainer.ts';

/** When the next host of the list gets its turn. */
export type FailoverPolicy = 'rotate' | 'sticky';

export interface FailoverOptions extends ConnectOptions {
  /**
   * At least one. A host that is listed twice gets twice the share, but one attempt per session. Port 0 stands for
   * the one that the session's client addressed.
   */
  readonly hosts: readonly WrittenServer[];
  /** `rotate` (default): every attempt advances to the next host. `sticky`: only a failed one does. */
  readonly policy?: FailoverPolicy | undefined;
  /** Milliseconds that a failed host is skipped while another is up. Default 60 s. */
  readonly stateTimeout?: number | undefined;
}

/** Milliseconds. */
export const DEFAULT_STATE_TIMEOUT = 60_000;

/** The keys of the hosts that closed a connection of one session without an answer, and of the host that it has now. */
class Tried extends Set<string> {
  current: string;

  constructor(first: string) {
    super([first]);
    this.current = first;
  }
}

const NO_HOSTS = 'hosts needs at least one server';

/** Tries several servers until one accepts, beginning with another one each time. Seed: FailoverChainer. */
export class FailoverChainer extends ServerListChainer {
  readonly kind = 'failover';
  readonly hosts: readonly ServerAddress[];
  readonly policy: FailoverPolicy;
  /** Seed: current_host. Index into `hosts` of the host to try next. */
  currentHost = 0;
  readonly #down: DownMarks;

  constructor(
    options: FailoverOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'connectByName' | 'resolver' | 'serverTls' | 'notices'>,
  ) {
    const servers = options.hosts.map((server, index) => ({ server, setting: `chainer.hosts[${index}]` }));
    const down = new DownMarks(options.stateTimeout ?? DEFAULT_STATE_TIMEOUT, deps.notices?.topic('marks'));
    super('chainer.hosts', servers, options, deps, down);
    if (servers.length === 0) throw configurationError(`${NO_HOSTS}.`, 'chainer.hosts');
    this.hosts = this.servers.hosts;
    this.policy = options.policy ?? 'rotate';
    this.#down = down;
  }

  /** The host to attempt next, as configured. */
  getHostAddress(): ServerAddress {
    return this.hosts[this.currentHost]!;
  }

  /** Skips to the next host; after the last comes the first. */
  nextHost(): void {
    this.currentHost = this.currentHost + 1 < this.hosts.length ? this.currentHost + 1 : 0;
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const list = this.serversFor(session);
    if (list === undefined) return Promise.reject(this.noPort());
    const { chainerNote } = session;
    const tried = chainerNote instanceof Tried ? chainerNote : undefined;
    const index = this.#find(list, tried) ?? this.#revive(list, tried) ?? this.currentHost;
    if (this.pool.isOut(index)) return Promise.reject(this.allOut());
    const result = this.#attempt(session, list, index);
    // An idle connection does not show that the host is up, so its mark stays as it is.
    return isPromise(result) ? this.#goOn(session, list, index, result) : result;
  }

  /** A host that accepts a connection and sends nothing is marked as down, like one that does not accept. */
  serverFailed(session: Session, failure: ServerFailure): boolean {
    if (failure.cause === 'status') return false;
    const { error } = failure;
    const { chainerNote } = session;
    const key = this.keyOf(session);
    const list = this.serversFor(session);
    if (list === undefined || key === undefined || !isFailureOfHost(error)) return false;
    this.#failed(list, key, error);
    const tried = chainerNote instanceof Tried ? chainerNote.add(key) : new Tried(key);
    session.chainerNote = tried;
    return list.keys.some((other, index) => !tried.has(other) && !this.pool.isOut(index));
  }

  protected override keyOf({ chainerNote }: Session): string | undefined {
    const key = chainerNote instanceof Tried ? chainerNote.current : chainerNote;
    return typeof key === 'string' ? key : undefined;
  }

  /** Waits for the first attempt, and makes further ones until one succeeds. */
  async #goOn(
    session: Session,
    list: HostList,
    first: number,
    pending: Promise<ServerConnection>,
  ): Promise<ServerConnection> {
    const tried = new Set(session.chainerNote instanceof Tried ? session.chainerNote : undefined);
    let index = first;
    let result: MaybePromise<ServerConnection> = pending;
    for (;;) {
      const key = list.keys[index]!;
      tried.add(key);
      try {
        const connection = await result;
        this.#down.clear(key);
        return connection;
      } catch (cause) {
        const error = toProxyError(cause);
        if (error instanceof AccessDeniedError || session.aborted) throw error;
        if (isFailureOfHost(error)) this.#failed(list, key, error);
        const next = this.#find(list, tried) ?? this.#revive(list, tried);
        if (next === undefined) throw error;
        index = next;
        result = this.#attempt(session, list, index);
      }
    }
  }

  #attempt(session: Session, list: HostList, index: number): MaybePromise<ServerConnection> {
    this.currentHost = index;
    const key = list.keys[index]!;
    if (session.chainerNote instanceof Tried) session.chainerNote.current = key;
    else session.chainerNote = key;
    if (this.policy === 'rotate') this.nextHost();
    return this.connectTo(session, list, index);
  }

  #failed(list: HostList, key: string, { message }: ProxyError): void {
    this.#down.mark(key, message);
    // Many sessions may fail at one host at the same time; only the first of them changes the current host.
    if (this.policy === 'sticky' && list.keys[this.currentHost] === key) this.nextHost();
  }

  /** The first host from `currentHost` on that is up, not taken out, and was not tried; undefined when there is none. */
  #find({ keys }: HostList, tried?: ReadonlySet<string>): number | undefined {
    for (let step = 0; step < keys.length; step += 1) {
      const index = (this.currentHost + step) % keys.length;
      const key = keys[index]!;
      if (tried?.has(key) !== true && !this.#down.has(key) && !this.pool.isOut(index)) return index;
    }
    return undefined;
  }

  /**
   * Called when every host that was not tried is marked as down: lifts their marks, so that each is tried once. The hosts
   * that this session has found down keep their marks.
   */
  #revive(list: HostList, tried?: ReadonlySet<string>): number | undefined {
    for (const key of list.keys) if (tried?.has(key) !== true) this.#down.lift(key);
    return this.#find(list, tried);
  }
}

/** False for errors of the proxy and of the client, and if the client's address is of another family than the host's. */
function isFailureOfHost({ fault, setting }: ProxyError): boolean {
  return fault === 'server' && setting !== 'chainer.forgeAddr';
}

export const failoverOptions = lazily(() =>
  connecting(
    z.strictObject({
      hosts: z
        .array(serverOrPort)
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
    }),
    ({ hosts }) => hosts,
  ).describe('Tries several servers until one accepts, and remembers for a while which of them failed.'),
);

export const failoverPlugin = defineDialingPlugin<z.output<typeof failoverOptions>>({
  kind: 'failover',
  schema: failoverOptions,
  serverChosenBy: 'operator',
  chainer: FailoverChainer,
  servers: ({ hosts }) => hosts,
});
