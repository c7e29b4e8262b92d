import {
  BoundedMemo,
  type ChainerDeps,
  type MaybePromise,
  type ServerConnection,
  type ServerTls,
  type Session,
} from '@inband/core';
import { dialingFactory, DialingChainer } from './connect/dialing-chainer.ts';
import { NameConnector, type NameConnectorDeps } from './connect/name-connector.ts';
import type { ConnectOptions } from './options/connect-options.ts';

/** Hosts whose way is remembered, of connections over TLS. */
const MOST_HOSTS = 1_000;

/** Connects to the host and port that the client asked for. Seed: InbandChainer. */
export class InbandChainer extends DialingChainer {
  readonly kind = 'inband';
  readonly #deps: NameConnectorDeps;
  readonly #names: NameConnector;
  /** With TLS: by host, because each has to be certified for its own name. */
  #named: BoundedMemo<string, NameConnector> | undefined = undefined;

  constructor(
    options: ConnectOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'connectByName' | 'resolver' | 'serverTls' | 'notices'>,
  ) {
    super(options, deps);
    this.#deps = deps;
    this.#names = new NameConnector(deps, this.local, this.attempt);
  }

  /** Connects to `host` and `port`, the ones that the client asked for. */
  override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    const { serverTls } = this;
    const names = serverTls === undefined ? this.#names : this.#namesFor(host, serverTls);
    return names.connect(session, host, port);
  }

  #namesFor(host: string, serverTls: ServerTls): NameConnector {
    this.#named ??= new BoundedMemo(MOST_HOSTS);
    const known = this.#named.get(host);
    if (known !== undefined) return known;
    const { establishConnection, connectByName, resolver } = this.#deps;
    // Without notices, because it may be dropped at any time, and another one made for the same host.
    const deps = { establishConnection, connectByName, resolver };
    const names = new NameConnector(deps, this.local, { ...this.attempt, tls: serverTls.layerFor(host) });
    this.#named.set(host, names);
    return names;
  }
}

/** The plugin without the schema of its options, for whoever has them complete. */
export const inbandFactory = dialingFactory<ConnectOptions>({
  kind: 'inband',
  serverChosenBy: 'client',
  chainer: InbandChainer,
});
