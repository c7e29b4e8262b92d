import { ProxyError, type ChainerDeps, type MaybePromise, type ServerConnection, type Session } from '@inband/core';
import { DialingChainer } from '../connect/dialing-chainer.ts';
import type { AttemptOptions } from '../connect/address-race.ts';
import { NameConnector } from '../connect/name-connector.ts';
import { checkForgeable, checkSameFamily, type ConnectOptions } from '../options/connect-options.ts';
import { configurationError } from '../options/configuration-error.ts';
import {
  AddressSyntaxError,
  isName,
  normaliseServer,
  type ServerAddress,
  type WrittenServer,
} from '../options/server-address.ts';
import { addressedPort, noAddressedPort } from './addressed-port.ts';
import type { FailureMarks } from './down-marks.ts';
import { HostList } from './host-list.ts';
import { ListedServers } from './listed-servers.ts';

/** One server of a configuration, and the option that it stands in. */
export interface ConfiguredServer {
  readonly server: WrittenServer;
  /** `chainer.remote`, for messages. */
  readonly setting: string;
}

interface ServerWay {
  readonly how: AttemptOptions;
  /** Made when a server that is a name is connected to for the first time, because a configuration may have thousands of servers. */
  names: NameConnector | undefined;
}

/** Base of the chainers whose servers the configuration lists. Port 0 of a server is the port that the client addressed. */
export abstract class ServerListChainer extends DialingChainer {
  readonly pool: ListedServers;
  readonly #deps: Pick<ChainerDeps, 'establishConnection' | 'connectByName' | 'resolver' | 'notices'>;
  readonly #servers: HostList;
  /** How each of `#servers` is connected to, in the same order. */
  readonly #ways: readonly ServerWay[];
  /** The option that holds the servers. */
  readonly #setting: string;

  /** Throws a `ProxyError` if one of the servers is no server, or cannot be reached with these options. */
  constructor(
    setting: string,
    servers: readonly ConfiguredServer[],
    options: ConnectOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'connectByName' | 'resolver' | 'serverTls' | 'notices'>,
    marks?: FailureMarks,
  ) {
    super(
      options,
      deps,
      servers.map(({ server }) => server),
    );
    this.#deps = deps;
    this.#setting = setting;
    this.#servers = new HostList(servers.map((one) => this.#prepared(one)));
    const { hosts, keys } = this.#servers;
    this.#ways = hosts.map((host, index) => ({
      how: { ...this.attempt, server: keys[index], tls: this.serverTls?.layerFor(nameOf(host)) },
      names: undefined,
    }));
    const serversFor = (session: Session): HostList | undefined => this.serversFor(session);
    this.pool = new ListedServers({
      servers: this.#servers,
      serversFor,
      keyOf: (session) => this.keyOf(session),
      marks,
      onOrder: () => this.ordered(),
    });
  }

  /** In the form that connections are made to, and with the ports of the configuration. */
  protected get servers(): HostList {
    return this.#servers;
  }

  /** The servers, with the port that the client addressed in place of 0. Undefined if one is needed and it addressed none. */
  protected serversFor(session: Session): HostList | undefined {
    if (!this.#servers.followsClient) return this.#servers;
    const port = addressedPort(session);
    return port === undefined ? undefined : this.#servers.forPort(port);
  }

  /** What to reject with when {@link serversFor} is undefined. */
  protected noPort(): ProxyError {
    return noAddressedPort(this.#setting);
  }

  /** Called when an operator has given an order about a server. */
  protected ordered(): void {}

  /** The key of the server that a session has, in {@link serversFor}. */
  protected abstract keyOf(session: Session): string | undefined;

  /** What to reject with when an operator has taken out every server that is left. */
  protected allOut(): ProxyError {
    const message = 'Every server that could take this was taken out of service by the operator.';
    return new ProxyError('destination_unavailable', message, { setting: this.#setting });
  }

  /** Connects to the server at `index` of a list of {@link serversFor}. */
  protected connectTo(session: Session, { hosts }: HostList, index: number): MaybePromise<ServerConnection> {
    const server = hosts[index]!;
    const way = this.#ways[index]!;
    if (!isName(server)) return this.establishConnection(session, this.local, server, way.how);
    way.names ??= new NameConnector(this.#deps, this.local, way.how);
    return way.names.connect(session, server.host, server.port);
  }

  #prepared({ server: written, setting }: ConfiguredServer): ServerAddress {
    const prepared = normalised(withoutScheme(written), setting);
    if (isName(prepared)) return prepared;
    checkSameFamily(this.local, prepared);
    checkForgeable(this, prepared);
    return prepared;
  }
}

function withoutScheme(server: WrittenServer): ServerAddress {
  if (server.tls === undefined) return server;
  const { tls: _tls, ...address } = server;
  return address;
}

/** What the server's certificate has to name. */
function nameOf(server: ServerAddress): string {
  if (isName(server)) return server.host;
  return server.family === 'unix' ? '' : server.address;
}

function normalised(server: ServerAddress, setting: string): ServerAddress {
  try {
    return normaliseServer(server);
  } catch (error) {
    if (!(error instanceof AddressSyntaxError)) throw error;
    throw configurationError(`${error.message}.`, setting);
  }
}
