import {
  AbstractChainer,
  definePlugin,
  type ChainerDeps,
  type EstablishOptions,
  type InetAddr,
  type MaybePromise,
  type ServerConnection,
  type Session,
  type SockAddr,
} from '@inband/core';
import { z } from 'zod';
import {
  checkConnectOptions,
  configurationError,
  connectShape,
  DEFAULT_CONNECT_TIMEOUT,
  localOrForged,
  localOrForgedIssue,
  refuseForgeAddr,
  unreachableFrom,
  type ConnectOptions,
} from './options/options.ts';

export interface TransparentOptions extends ConnectOptions {
  /** Unless 0 it replaces the port of the destination. Default 0: the port that the client addressed. */
  readonly forcedPort?: number | undefined;
}

/** Connects to where an intercepted client was going. Seed: TransparentChainer. */
export class TransparentChainer extends AbstractChainer {
  readonly kind = 'transparent';
  readonly local: InetAddr | undefined;
  readonly forgeAddr: boolean;
  readonly forcedPort: number;
  readonly #how: EstablishOptions;

  constructor(options: TransparentOptions, deps: Pick<ChainerDeps, 'establishConnection'>) {
    super(deps.establishConnection);
    checkConnectOptions(options);
    const { local, forgeAddr = false, forcedPort = 0, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    this.local = local;
    this.forgeAddr = forgeAddr;
    this.forcedPort = forcedPort;
    this.#how = { forgeAddr, connectTimeout };
  }

  /** `host` and `port` are not used: a client could claim any. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const destination = session.client.originalDestination;
    if (destination === undefined) return Promise.reject(notIntercepted());
    const remote = this.#forced(destination);
    const unreachable = unreachableFrom(session, this.local, remote);
    if (unreachable !== undefined) return Promise.reject(unreachable);
    return this.establishConnection(session, this.local, remote, this.#how);
  }

  #forced(destination: SockAddr): SockAddr {
    if (this.forcedPort === 0 || destination.family === 'unix') return destination;
    return { ...destination, port: this.forcedPort };
  }
}

function notIntercepted() {
  return configurationError(
    'A transparent chainer needs a listener with "transparent: redirect" or "transparent: tproxy", which knows where the client was going.',
    'listeners[].transparent',
  );
}

export const transparentOptions = z
  .strictObject({
    forcedPort: z
      .int()
      .min(0)
      .max(65_535)
      .default(0)
      .describe('Unless 0, connect to this port instead of the one the client was going to; the address stays.'),
    ...connectShape,
  })
  .refine(localOrForged, localOrForgedIssue)
  .describe('Connects to where an intercepted client was going. Its listener must be transparent.');

export const transparentPlugin = definePlugin<z.output<typeof transparentOptions>>({
  provides: 'chainer',
  kind: 'transparent',
  schema: transparentOptions,
  serverChosenBy: 'client',
  usesZones: false,
  create(options, deps) {
    refuseForgeAddr(options, deps);
    return new TransparentChainer(options, deps);
  },
});
