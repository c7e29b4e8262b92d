import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Logger } from '@inband/core';
import { StoreUnavailable } from '../base/errors.ts';
import type { HostPort } from '../base/host-port.ts';
import { knock } from './knock.ts';

/** Where a store is, and who asks. */
export interface NatsServers {
  /** Servers of one cluster. */
  readonly addresses: readonly HostPort[];
  /** PEM; `true`: by the authorities of Node. */
  readonly tls?: true | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

interface LinkDeps {
  readonly logger: Logger;
  readonly servers: NatsServers;
  /** There is a connection, the first one or another one. */
  readonly connected: (connection: NatsConnection) => void;
}

/** Milliseconds within which a server says something, and then the connection is made. */
const CONNECT_TIMEOUT = 2_000;
/** Milliseconds before a connection is tried again, and their random part. */
const RETRY = 150;
const JITTER = 150;
/** Milliseconds between two looks whether a silent server still answers. */
const PING = 2_000;

type State =
  | { readonly is: 'connecting' }
  | { readonly is: 'up'; readonly connection: NatsConnection }
  | { readonly is: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly is: 'closed' };

/**
 * Connects, for as long as it is not closed: to one server after another. A call without a connection fails at once. The client of NATS would
 * connect again by itself, but keeps a connection that is dead without saying so, and what is asked meanwhile.
 *
 * ```
 *   connecting ──▶ up          up ──▶ waiting: it has ended, or does not answer
 *       ▲  └─────▶ waiting ──┐
 *       └────────────────────┘ RETRY
 * ```
 */
export class NatsLink {
  readonly #deps: LinkDeps;
  readonly #closing = new AbortController();
  #state: State = { is: 'connecting' };
  #connecting: Promise<void>;
  /** Why the last try has failed. */
  #trouble = 'none is made yet';
  /** Connections tried so far. */
  #tried = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#connecting = this.#connect();
  }

  /** The connection, if there is one now. Throws a {@link StoreUnavailable}. */
  get(): NatsConnection {
    if (this.#state.is === 'up') return this.#state.connection;
    throw new StoreUnavailable('disconnected', `There is no connection to the store: ${this.#trouble}`);
  }

  /** Gives up a connection that does not answer. */
  reconnect(): void {
    if (this.#state.is !== 'up') return;
    const { connection } = this.#state;
    this.#wait();
    void connection.close();
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { is: 'closed' };
    this.#closing.abort();
    if (state.is === 'waiting') clearTimeout(state.timer);
    await this.#connecting;
    if (state.is === 'up') await state.connection.close();
  }

  async #connect(): Promise<void> {
    const { addresses } = this.#deps.servers;
    const address = addresses[this.#tried % addresses.length];
    this.#tried += 1;
    try {
      if (address === undefined) throw new Error('it has no address');
      await knock(address, CONNECT_TIMEOUT, this.#closing.signal);
      const connection = await connect(optionsOf(address, this.#deps.servers));
      void connection.closed().then(() => this.#ended(connection));
      if (this.#isClosed()) return await connection.close();
      this.#state = { is: 'up', connection };
      this.#trouble = 'it has ended';
      this.#deps.connected(connection);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#trouble = error instanceof Error ? error.message : String(error);
    this.#deps.logger.debug({ err: error }, 'no connection to the store');
    if (!this.#isClosed()) this.#wait();
  }

  #isClosed(): boolean {
    return this.#state.is === 'closed';
  }

  #ended(connection: NatsConnection): void {
    if (this.#state.is === 'up' && this.#state.connection === connection) this.#wait();
  }

  #wait(): void {
    const again = (): void => {
      this.#state = { is: 'connecting' };
      this.#connecting = this.#connect();
    };
    this.#state = { is: 'waiting', timer: setTimeout(again, RETRY + Math.random() * JITTER) };
  }
}

function optionsOf({ host, port }: HostPort, { tls, user, password, token }: NatsServers): NodeConnectionOptions {
  return {
    servers: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    timeout: CONNECT_TIMEOUT,
    reconnect: false,
    // Others that the server knows are tried only if they are in the configuration.
    ignoreClusterUpdates: true,
    pingInterval: PING,
    maxPingOut: 2,
    ...(tls !== undefined && { tls: tls === true ? {} : tls }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
  };
}
