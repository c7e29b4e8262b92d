import {
  AbstractChainer,
  definePlugin,
  type ChainerDeps,
  type InetAddr,
  type MaybePromise,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { z } from 'zod';
import { addressedPort, noAddressedPort } from './servers/addressed-port.ts';
import { HostList } from './servers/host-list.ts';
import {
  connectShape,
  localOrForged,
  localOrForgedIssue,
  refuseForgeAddr,
  serverOrPort,
  type ConnectOptions,
} from './options/options.ts';
import type { ServerAddress } from './options/server-address.ts';
import { ServerConnector } from './connect/server-connector.ts';

export interface DirectedOptions extends ConnectOptions {
  /** Port 0 stands for the one that the session's client addressed. */
  readonly remote: ServerAddress;
}

/** Connects always to the same server; what the client asked for is not used. Seed: DirectedChainer. */
export class DirectedChainer extends AbstractChainer {
  readonly kind = 'directed';
  readonly remote: ServerAddress;
  readonly local: InetAddr | undefined;
  readonly forgeAddr: boolean;
  readonly #connector: ServerConnector;
  readonly #list: HostList;

  constructor(options: DirectedOptions, deps: Pick<ChainerDeps, 'establishConnection' | 'resolver'>) {
    super(deps.establishConnection);
    this.#connector = new ServerConnector(deps, options);
    this.remote = this.#connector.prepare(options.remote, 'chainer.remote');
    this.#list = new HostList([this.remote]);
    this.local = this.#connector.local;
    this.forgeAddr = this.#connector.forgeAddr;
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    if (this.#list.followsClient) return this.#connectAsAddressed(session);
    return this.#connector.connect(session, this.remote);
  }

  #connectAsAddressed(session: Session): MaybePromise<ServerConnection> {
    const port = addressedPort(session);
    if (port === undefined) return Promise.reject(noAddressedPort('chainer.remote'));
    return this.#connector.connect(session, this.#list.forPort(port).hosts[0]!);
  }
}

export const directedOptions = z
  .strictObject({ remote: serverOrPort, ...connectShape })
  .refine(localOrForged, localOrForgedIssue)
  .describe('Connects always to the same server; host and port of the request are not used.');

export const directedPlugin = definePlugin<z.output<typeof directedOptions>>({
  provides: 'chainer',
  kind: 'directed',
  schema: directedOptions,
  serverChosenBy: 'operator',
  usesZones: false,
  create(options, deps) {
    refuseForgeAddr(options, deps);
    return new DirectedChainer(options, deps);
  },
});
