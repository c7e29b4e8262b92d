import {
  type ConnectByName,
  inetAddr,
  isPromise,
  lookupChannel,
  peerOf,
  ProxyError,
  toProxyError,
  type EstablishConnection,
  type InetAddr,
  type MaybePromise,
  type OwnNotices,
  type Resolution,
  type Resolver,
  type ServerConnection,
  type Session,
} from '@inband/core';
import { attemptOrder, withFirst } from './address-order.ts';
import { AddressRace, Attempt, type AttemptOptions } from './address-race.ts';
import { PublishedLookup } from './published-lookup.ts';
import { unreachableFrom } from '../options/connect-options.ts';
import { SharedWinners } from './shared-winners.ts';
import { WinnerMemo, type KnownServer } from './winner-memo.ts';

/** What connecting to a name needs. */
export interface NameConnectorDeps {
  readonly establishConnection: EstablishConnection;
  readonly resolver: Resolver;
  /** Where connections go through a parent proxy that resolves names: then no name is resolved here. */
  readonly connectByName?: ConnectByName | undefined;
  /** Tells other workers which address has won. */
  readonly notices?: OwnNotices | undefined;
}

/**
 * Connects to `host:port`, where the host is an IP address or a name. Serves one chainer, with its local address and
 * its way of connecting.
 *
 * The frequent case needs no promise: for an IP address, and for a name whose addresses are cached, an idle connection is returned
 * synchronously. Of several addresses the one that connected last is tried first, so that its idle connections are found.
 */
export class NameConnector {
  readonly #deps: NameConnectorDeps;
  readonly #local: InetAddr | undefined;
  readonly #how: AttemptOptions;
  /** The only family that can be reached from the source address, unless address translation changes that. */
  readonly #family: InetAddr['family'] | undefined;
  /** With `forgeAddr`: one for the clients of each family, because only their own family can be reached. */
  readonly #forging: Readonly<Record<InetAddr['family'], NameConnector>> | undefined;
  readonly #memo = new WinnerMemo();
  readonly #winners: SharedWinners | undefined;

  constructor(
    deps: NameConnectorDeps,
    local: InetAddr | undefined,
    how: AttemptOptions,
    family: InetAddr['family'] | undefined = local?.family,
  ) {
    this.#deps = deps;
    this.#local = local;
    this.#how = how;
    this.#family = family;
    const forging = (clients: InetAddr['family']) => new NameConnector(deps, undefined, how, clients);
    this.#forging =
      how.forgeAddr === true && family === undefined ? { inet: forging('inet'), inet6: forging('inet6') } : undefined;
    if (deps.notices === undefined || this.#forging !== undefined) return;
    const topic = deps.notices.topic(`winners ${how.server ?? ''} ${local?.address ?? ''} ${family ?? ''}`);
    this.#winners = new SharedWinners(topic, this.#memo);
  }

  /** Returns a connection that the caller owns, or rejects with a ProxyError and leaves nothing open. */
  connect(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    const { connectByName } = this.#deps;
    if (connectByName !== undefined) return connectByName(session, host, port, this.#how);
    if (this.#forging !== undefined) {
      // Without an address of the client, establishConnection rejects with the reason.
      return this.#forging[peerOf(session.client).family === 'inet6' ? 'inet6' : 'inet'].connect(session, host, port);
    }
    const known = this.#memo.get(host, port) ?? this.#literal(host, port);
    if (known !== undefined && known.resolution === undefined) return this.#connectTo(session, host, known);
    const resolution = this.#deps.resolver.cached?.(host);
    if (resolution === undefined) return this.#resolve(session, host, port, known);
    return this.#connectResolved(session, host, port, resolution, known);
  }

  #literal(host: string, port: number): KnownServer | undefined {
    const remote = inetAddr(host, port);
    if (remote === undefined) return undefined;
    const known = { port, resolution: undefined, remotes: [remote] };
    this.#memo.set(host, known);
    return known;
  }

  async #resolve(
    session: Session,
    host: string,
    port: number,
    known: KnownServer | undefined,
  ): Promise<ServerConnection> {
    const resolution = await this.#lookUp(session, host);
    return this.#connectResolved(session, host, port, resolution, known);
  }

  async #lookUp(session: Session, host: string): Promise<Resolution> {
    const lookup = lookupChannel.hasSubscribers ? new PublishedLookup(session, host) : undefined;
    session.noteLookup(host);
    try {
      const resolution = await this.#deps.resolver.resolve(host, session.signal, session.client.address);
      lookup?.answered(resolution);
      return resolution;
    } catch (error) {
      const known = toProxyError(error);
      lookup?.failed(known);
      throw known;
    } finally {
      session.noteLookup(undefined);
    }
  }

  #connectResolved(
    session: Session,
    host: string,
    port: number,
    resolution: Resolution,
    known: KnownServer | undefined,
  ): MaybePromise<ServerConnection> {
    if (known?.resolution === resolution) return this.#connectTo(session, host, known);
    const family = session.service.nat === undefined ? this.#family : undefined;
    const remotes = attemptOrder(resolution, port, family);
    if (remotes.length === 0) return Promise.reject(noUsableAddress(host, family, this.#local));
    const winner = known?.remotes[0];
    const renewed = { port, resolution, remotes: winner === undefined ? remotes : withFirst(remotes, winner) };
    this.#memo.set(host, renewed);
    return this.#connectTo(session, host, renewed);
  }

  #connectTo(session: Session, host: string, known: KnownServer): MaybePromise<ServerConnection> {
    const remote = known.remotes[0]!;
    const unreachable = unreachableFrom(session, this.#local, remote);
    if (unreachable !== undefined) return Promise.reject(unreachable);
    if (known.remotes.length === 1) return this.#deps.establishConnection(session, this.#local, remote, this.#how);
    const attempt = new Attempt(remote, this.#how);
    const result = this.#start(session, attempt);
    return isPromise(result) ? this.#race(session, host, known, attempt, result) : result;
  }

  #start(session: Session, attempt: Attempt): MaybePromise<ServerConnection> {
    return this.#deps.establishConnection(session, this.#local, attempt.remote, attempt);
  }

  async #race(
    session: Session,
    host: string,
    known: KnownServer,
    attempt: Attempt,
    pending: Promise<ServerConnection>,
  ): Promise<ServerConnection> {
    const start = (next: Attempt): MaybePromise<ServerConnection> => this.#start(session, next);
    const race = new AddressRace({ session, how: this.#how, remotes: known.remotes, start });
    attempt.begun(session);
    const connection = await race.run({ attempt, pending });
    this.#won(host, known, race.winner);
    return connection;
  }

  /** The next session asks for this address first, unless the name has been resolved anew in the meantime. */
  #won(host: string, known: KnownServer, winner: InetAddr | undefined): void {
    if (winner === undefined || this.#memo.get(host, known.port)?.resolution !== known.resolution) return;
    const remotes = withFirst(known.remotes, winner);
    if (remotes === known.remotes) return;
    this.#memo.set(host, { ...known, remotes });
    this.#winners?.tell(host, winner);
  }
}

/** `family`: the only family that could be used. */
function noUsableAddress(
  host: string,
  family: InetAddr['family'] | undefined,
  local: InetAddr | undefined,
): ProxyError {
  if (family === undefined) {
    return new ProxyError('dns_error', `The name "${host}" could not be resolved: it has no address.`);
  }
  const from = local === undefined ? "the client's own address" : local.address;
  const version = family === 'inet' ? 'IPv4' : 'IPv6';
  const message = `"${host}" has no ${version} address, and connections are to be made from ${from}.`;
  const setting = local === undefined ? 'chainer.forgeAddr' : 'chainer.local';
  return new ProxyError('destination_ip_unroutable', message, { setting });
}
