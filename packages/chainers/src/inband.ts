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
import { NameConnector } from './connect/name-connector.ts';
import {
  checkConnectOptions,
  connectShape,
  DEFAULT_CONNECT_TIMEOUT,
  localOrForged,
  localOrForgedIssue,
  refuseForgeAddr,
  type ConnectOptions,
} from './options/options.ts';

/** Connects to the host and port that the client asked for. Seed: InbandChainer. */
export class InbandChainer extends AbstractChainer {
  readonly kind = 'inband';
  readonly local: InetAddr | undefined;
  readonly forgeAddr: boolean;
  readonly #connector: NameConnector;

  constructor(options: ConnectOptions, deps: Pick<ChainerDeps, 'establishConnection' | 'resolver'>) {
    super(deps.establishConnection);
    checkConnectOptions(options);
    const { local, forgeAddr = false, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    this.local = local;
    this.forgeAddr = forgeAddr;
    this.#connector = new NameConnector(deps, local, { forgeAddr, connectTimeout });
  }

  override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    return this.#connector.connect(session, host, port);
  }
}

export const inbandOptions = z
  .strictObject(connectShape)
  .refine(localOrForged, localOrForgedIssue)
  .describe('Connects to the host and port that the client asked for.');

export const inbandPlugin = definePlugin<z.output<typeof inbandOptions>>({
  provides: 'chainer',
  kind: 'inband',
  schema: inbandOptions,
  serverChosenBy: 'client',
  usesZones: false,
  create(options, deps) {
    refuseForgeAddr(options, deps);
    return new InbandChainer(options, deps);
  },
});
