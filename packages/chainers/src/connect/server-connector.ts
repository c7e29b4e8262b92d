import type { InetAddr, MaybePromise, ServerConnection, Session } from '@inband/core';
import type { AttemptOptions } from './address-race.ts';
import { NameConnector, type NameConnectorDeps } from './name-connector.ts';
import { AddressSyntaxError, isName, normaliseServer, type ServerAddress } from '../options/server-address.ts';
import {
  checkConnectOptions,
  checkForgeable,
  checkSameFamily,
  configurationError,
  DEFAULT_CONNECT_TIMEOUT,
  type ConnectOptions,
} from '../options/options.ts';

/** Connects to servers that the configuration names, from the configured local address. */
export class ServerConnector {
  readonly local: InetAddr | undefined;
  readonly forgeAddr: boolean;
  readonly #deps: NameConnectorDeps;
  readonly #how: AttemptOptions;
  readonly #names: NameConnector;

  constructor(deps: NameConnectorDeps, options: ConnectOptions) {
    checkConnectOptions(options);
    const { local, forgeAddr = false, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    this.local = local;
    this.forgeAddr = forgeAddr;
    this.#deps = deps;
    this.#how = { forgeAddr, connectTimeout };
    this.#names = new NameConnector(deps, local, this.#how);
  }

  /** Checks a configured server once, at start-up, and gives the form to connect to. Throws a ProxyError. */
  prepare(server: ServerAddress, setting: string): ServerAddress {
    let prepared: ServerAddress;
    try {
      prepared = normaliseServer(server);
    } catch (error) {
      if (!(error instanceof AddressSyntaxError)) throw error;
      throw configurationError(`${error.message}.`, setting);
    }
    if (isName(prepared)) return prepared;
    checkSameFamily(this.local, prepared);
    checkForgeable(this, prepared);
    return prepared;
  }

  connect(session: Session, server: ServerAddress): MaybePromise<ServerConnection> {
    if (isName(server)) return this.#names.connect(session, server.host, server.port);
    return this.#deps.establishConnection(session, this.local, server, this.#how);
  }
}
