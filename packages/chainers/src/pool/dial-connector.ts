import type {
  EstablishConnection,
  EstablishOptions,
  InetAddr,
  MaybePromise,
  ServerConnection,
  ServerTls,
  Session,
} from '@inband/core';
import { unreachableFrom } from '../options/connect-options.ts';
import type { MemberConnector, ProbeOptions } from './members/member-connector.ts';
import type { PoolMember } from './members/pool-member.ts';
import type { KnownServer } from './sources/server-source.ts';

export interface DialConnectorOptions {
  readonly establishConnection: EstablishConnection;
  readonly local: InetAddr | undefined;
  /** What is the same for all servers. */
  readonly attempt: EstablishOptions;
  readonly serverTls: ServerTls | undefined;
  /** What checks speak where sessions speak no TLS of ours. */
  readonly checkTls?: ServerTls | undefined;
}

/** Dials the servers of a pool. */
export class DialConnector implements MemberConnector {
  readonly leadsOn = false;
  readonly #options: DialConnectorOptions;

  constructor(options: DialConnectorOptions) {
    this.#options = options;
  }

  get dialsTls(): boolean {
    return this.speaksTls;
  }

  get speaksTls(): boolean {
    return this.#options.serverTls !== undefined;
  }

  wayTo({ id, name }: KnownServer): EstablishOptions {
    const { attempt, serverTls } = this.#options;
    return { ...attempt, server: id, tls: serverTls?.layerFor(name) };
  }

  connect(session: Session, { remote, how }: PoolMember): MaybePromise<ServerConnection> {
    const { establishConnection, local } = this.#options;
    const unreachable = unreachableFrom(session, local, remote);
    return unreachable === undefined ? establishConnection(session, local, remote, how) : Promise.reject(unreachable);
  }

  probe(
    session: Session,
    { remote, how, server }: PoolMember,
    { port, isPlain }: ProbeOptions,
  ): MaybePromise<ServerConnection> {
    const { establishConnection, local, checkTls } = this.#options;
    const at = port === undefined || remote.family === 'unix' ? remote : { ...remote, port };
    const tls = isPlain ? undefined : (how.tls ?? checkTls?.layerFor(server.name));
    // At another port something else listens, for checks alone.
    const proxyProtocol = port === undefined ? how.proxyProtocol : undefined;
    return establishConnection(session, local, at, { ...how, tls, proxyProtocol, forgeAddr: false, reuse: false });
  }
}
