import {
  AbstractChainer,
  definePlugin,
  ignoreEvents,
  ProxyError,
  type ChainerDeps,
  type Connection,
  type MaybePromise,
  type ServerConnection,
  type Session,
  type SockAddr,
} from '@inband/core';
import { z } from 'zod';
import { configurationError } from './options.ts';

/**
 * For a proxy that runs inside another: picks up the server side that the outer one left in `session.serverStream`,
 * once. The outer proxy has checked access and connected. Seed: no chainer, `session.server_fd`.
 */
export class StackedChainer extends AbstractChainer {
  readonly kind = 'none';
  /** To tell "picked up already" from "never there". */
  readonly #served = new WeakSet<Session>();

  constructor(deps: Pick<ChainerDeps, 'establishConnection'>) {
    super(deps.establishConnection);
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const stream = session.serverStream;
    if (stream === undefined) return Promise.reject(nothingToPickUp(this.#served.has(session)));
    session.serverStream = undefined;
    this.#served.add(session);
    session.serverAddress = stream.remote;
    const connection = new StackedConnection(stream);
    if (!session.aborted) return connection;
    connection.destroy();
    return Promise.reject(new ProxyError('connection_terminated', 'The client went away.', { address: stream.remote }));
  }
}

/** Not the pool's: it belongs to one outer connection, so giving it back closes it. */
class StackedConnection implements ServerConnection {
  readonly connection: Connection;
  readonly reused = false;
  #given = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get remote(): SockAddr {
    return this.connection.remote;
  }

  get local(): SockAddr {
    return this.connection.local;
  }

  release(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    if (this.#given) return;
    this.#given = true;
    this.connection.handler = ignoreEvents;
    this.connection.destroy(error);
  }
}

function nothingToPickUp(pickedUp: boolean): ProxyError {
  if (pickedUp) {
    return new ProxyError('proxy_internal_error', 'The server side of this stacked session was picked up already.');
  }
  return configurationError(
    'The chainer "none" is only for a proxy stacked in another one: this session has no server side to pick up.',
    'chainer.type',
  );
}

export const stackedOptions = z
  .strictObject({})
  .describe('Picks up the server side from the proxy in which this one is stacked.');

export const stackedPlugin = definePlugin<z.output<typeof stackedOptions>>({
  provides: 'chainer',
  kind: 'none',
  schema: stackedOptions,
  serverChosenBy: 'client',
  create: (_options, deps) => new StackedChainer(deps),
});
