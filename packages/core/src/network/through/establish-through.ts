import { formatSockAddr, type HostPort, inetAddr, type SockAddr } from '../../base/address.ts';
import { ProxyError, toProxyError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { accessDenied } from '../../policy/access-policy.ts';
import type { ServerConnection } from '../../session/server-connection.ts';
import { type Session, sessionWriter } from '../../session/session.ts';
import { checkServer, decideByName } from '../check-server.ts';
import type { EstablishConnection, EstablishOptions, Passage } from '../establish-options.ts';

/** Where a connection through a carrier leads, and what policy said of that. */
export type CarriedTarget = Omit<Passage, 'by'>;

/** What brings connections further than this proxy dials: parent proxies. */
export interface Carrier {
  /** Whether it takes names, which it resolves where it is. Else it takes addresses only. */
  readonly resolvesNames: boolean;
  /**
   * Returns a connection to `to`, which the caller owns, or rejects with a {@link ProxyError} and leaves nothing open. It dials by its own
   * `establishConnection`, which checks, reuses and dials the carrier.
   */
  carry(session: Session, to: CarriedTarget, how: EstablishOptions): MaybePromise<ServerConnection>;
}

/** Connects to a host that somebody else resolves. Never throws; it rejects with a {@link ProxyError}. */
export type ConnectByName = (
  session: Session,
  host: string,
  port: number,
  how?: EstablishOptions,
) => MaybePromise<ServerConnection>;

type Chooser = 'client' | 'operator';

const asUsual: EstablishOptions = {};

/**
 * The way to the network through a carrier, for a chainer whose servers are behind it: policy is asked about their addresses as if they
 * were dialled, then the carrier connects.
 */
export function establishThrough(carrier: Carrier, serverChosenBy: Chooser): EstablishConnection {
  return (session, local, remote, how = asUsual) => {
    try {
      refuseLocal(local, how);
      return carrier.carry(session, carriedAddress(session, remote, serverChosenBy), how);
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
  };
}

/** The same for names that the carrier resolves: policy is asked by name (`AccessPolicy.decideByName`). Undefined if it takes none. */
export function connectByNameThrough(carrier: Carrier, serverChosenBy: Chooser): ConnectByName | undefined {
  if (!carrier.resolvesNames) return undefined;
  return (session, host, port, how = asUsual) => {
    try {
      return carrier.carry(session, carriedName(session, { host, port }, serverChosenBy), how);
    } catch (error) {
      return Promise.reject(toProxyError(error));
    }
  };
}

/** Asks policy about an address behind a carrier. Throws a {@link ProxyError} if it is denied, or none that a carrier could reach. */
export function carriedAddress(session: Session, remote: SockAddr, serverChosenBy: Chooser): CarriedTarget {
  if (remote.family === 'unix') {
    const message = `${formatSockAddr(remote)} is a socket of this machine, to which no parent proxy connects.`;
    throw new ProxyError('proxy_configuration_error', message);
  }
  const decision = checkServer(session, remote, serverChosenBy, undefined);
  return { target: { host: remote.address, port: remote.port }, isResolvedThere: false, decision };
}

/** The same for a host that a carrier resolves. An address is asked about as such. */
export function carriedName(session: Session, target: HostPort, serverChosenBy: Chooser): CarriedTarget {
  const address = inetAddr(target.host, target.port);
  if (address !== undefined) return carriedAddress(session, address, serverChosenBy);
  const decision = decideByName(session, target, serverChosenBy);
  sessionWriter.setDecision(session, decision);
  if (decision.verdict !== 'allow') throw accessDenied(decision);
  return { target, isResolvedThere: true, decision };
}

/** The addresses from which the carrier connects are its own. */
function refuseLocal(local: SockAddr | undefined, { forgeAddr }: EstablishOptions): void {
  if (local === undefined && forgeAddr !== true) return;
  const setting = forgeAddr === true ? 'chainer.forgeAddr' : 'chainer.local';
  const message = 'A connection through a parent proxy comes from an address of that proxy.';
  throw new ProxyError('proxy_configuration_error', message, { setting });
}
