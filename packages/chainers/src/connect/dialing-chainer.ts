import {
  AbstractChainer,
  type Chainer,
  type ChainerDeps,
  type ChainerPlugin,
  definePlugin,
  type InetAddr,
  type MaybePromise,
  type ServerConnection,
  type Session,
  type SockAddr,
} from '@inband/core';
import {
  checkConnectOptions,
  type ConnectOptions,
  DEFAULT_CONNECT_TIMEOUT,
  refuseForgeAddr,
  unreachableFrom,
} from '../options/options.ts';
import type { AttemptOptions } from './address-race.ts';

/** Base of the chainers that dial: the source address of their connections, and how long an attempt may take. */
export abstract class DialingChainer extends AbstractChainer {
  /** Seed: local. */
  readonly local: InetAddr | undefined;
  /** Seed: forge_addr. */
  readonly forgeAddr: boolean;
  protected readonly attempt: AttemptOptions;

  /** Throws a `ProxyError` if the options exclude each other. */
  constructor(options: ConnectOptions, deps: Pick<ChainerDeps, 'establishConnection'>) {
    super(deps.establishConnection);
    checkConnectOptions(options);
    const { local, forgeAddr = false, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    this.local = local;
    this.forgeAddr = forgeAddr;
    this.attempt = { forgeAddr, connectTimeout };
  }

  /** Connects to an address that only the session brings. Rejects if it cannot be reached from `local`. */
  protected connectToAddress(session: Session, remote: SockAddr): MaybePromise<ServerConnection> {
    const unreachable = unreachableFrom(session, this.local, remote);
    if (unreachable !== undefined) return Promise.reject(unreachable);
    return this.establishConnection(session, this.local, remote, this.attempt);
  }
}

/** What the plugins of the chainers that dial differ in. */
type DialingPlugin<Options> = Pick<ChainerPlugin<Options>, 'kind' | 'schema'> &
  Required<Pick<ChainerPlugin<Options>, 'serverChosenBy'>> & {
    readonly chainer: new (options: Options, deps: ChainerDeps) => Chainer;
  };

/** The plugin of a chainer that dials. It refuses `forgeAddr` at the start where this system cannot do that. */
export function defineDialingPlugin<Options extends ConnectOptions>({
  chainer: DialsServers,
  ...plugin
}: DialingPlugin<Options>): ChainerPlugin<Options> {
  return definePlugin<Options>({
    provides: 'chainer',
    ...plugin,
    usesZones: false,
    create(options, deps) {
      refuseForgeAddr(options, deps);
      return new DialsServers(options, deps);
    },
  });
}
