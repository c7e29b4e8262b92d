import {
  AbstractChainer,
  type Chainer,
  type ChainerDeps,
  type ChainerPlugin,
  definePlugin,
  type InetAddr,
  type MaybePromise,
  type ServerConnection,
  type ServerTls,
  type ServerTlsSettings,
  type Session,
  type SockAddr,
} from '@inband/core';
import {
  checkConnectOptions,
  type ConnectOptions,
  DEFAULT_CONNECT_TIMEOUT,
  refuseForgeAddr,
  unreachableFrom,
} from '../options/connect-options.ts';
import type { WrittenServer } from '../options/server-address.ts';
import { tlsFor, tlsSettings } from '../options/tls-settings.ts';
import type { AttemptOptions } from './address-race.ts';

/** Base of the chainers that dial: the source address of their connections, and how long an attempt may take. */
export abstract class DialingChainer extends AbstractChainer {
  /** Seed: local. */
  readonly local: InetAddr | undefined;
  /** Seed: forge_addr. */
  readonly forgeAddr: boolean;
  protected readonly attempt: AttemptOptions;
  /** What makes TLS of connections to servers; undefined where they are plain. */
  protected readonly serverTls: ServerTls | undefined;

  /** Throws a `ProxyError` if the options exclude each other. `servers`: those in the options. */
  constructor(
    options: ConnectOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'serverTls'>,
    servers: readonly WrittenServer[] = [],
  ) {
    super(deps.establishConnection);
    checkConnectOptions(options);
    this.serverTls = tlsFor(options, servers, deps);
    const { local, forgeAddr = false, proxyProtocol, connectTimeout = DEFAULT_CONNECT_TIMEOUT } = options;
    this.local = local;
    this.forgeAddr = forgeAddr;
    this.attempt = { forgeAddr, proxyProtocol, connectTimeout };
  }

  /** Whether its connections to servers have TLS. */
  get speaksTls(): boolean {
    return this.serverTls !== undefined;
  }

  /** Connects to an address that only the session brings. Rejects if it cannot be reached from `local`. `name`: of the server, for TLS. */
  protected connectToAddress(session: Session, remote: SockAddr, name: string): MaybePromise<ServerConnection> {
    const unreachable = unreachableFrom(session, this.local, remote);
    if (unreachable !== undefined) return Promise.reject(unreachable);
    const { attempt, serverTls } = this;
    const how = serverTls === undefined ? attempt : { ...attempt, tls: serverTls.layerFor(name) };
    return this.establishConnection(session, this.local, remote, how);
  }
}

/** What the plugins of the chainers that dial differ in. */
type DialingFactory<Options> = Pick<ChainerPlugin<Options>, 'kind' | 'discovers'> &
  Required<Pick<ChainerPlugin<Options>, 'serverChosenBy'>> & {
    readonly chainer: new (options: Options, deps: ChainerDeps) => Chainer;
    /** The servers in the options. */
    readonly servers?: (options: Options) => readonly WrittenServer[];
    /** TLS that is spoken only to see whether servers are well. */
    readonly checkTls?: (options: Options) => ServerTlsSettings | undefined;
  };

/** The plugin of a chainer that dials. It refuses `forgeAddr` at the start where this system cannot do that. */
export function defineDialingPlugin<Options extends ConnectOptions>({
  schema,
  ...factory
}: DialingFactory<Options> & Pick<ChainerPlugin<Options>, 'schema'>): ChainerPlugin<Options> {
  return definePlugin<Options>({ ...dialingFactory(factory), schema });
}

/** The same without the schema of its options. */
export function dialingFactory<Options extends ConnectOptions>({
  chainer: DialsServers,
  servers = () => [],
  checkTls,
  ...plugin
}: DialingFactory<Options>): Omit<ChainerPlugin<Options>, 'schema'> {
  return {
    provides: 'chainer',
    ...plugin,
    usesZones: false,
    serverTls: (options) => tlsSettings(options, servers(options)) ?? checkTls?.(options),
    create(options, deps) {
      refuseForgeAddr(options, deps);
      return new DialsServers(options, deps);
    },
  };
}
