import type { EstablishOptions } from './establish-options.ts';
import { formatSockAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import type { Transport } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';
import { portless } from '../base/portless.ts';
import { peerOf } from '../session/session-view.ts';
import type { Session } from '../session/session.ts';

/**
 * The outgoing address of a connection to `remote`: the client's where the chainer forges it, the one that the chainer
 * names, or the one that the service's address translation gives. Undefined: the system's choice. Throws a
 * {@link ProxyError} where that cannot work.
 */
export function sourceOf(
  transport: Transport,
  session: Session,
  local: SockAddr | undefined,
  remote: SockAddr,
  how: EstablishOptions,
): SockAddr | undefined {
  if (how.forgeAddr === true) return forgedAddress(transport, session, local, remote);
  if (local === undefined) return session.service.nat?.source(session.client.address, remote, session);
  if (local.family === remote.family) return local;
  throw unreachable(remote, `${nameOf(local)}, which is of another family`, 'chainer.local');
}

/** One sentence that says why `forgeAddr` cannot be used with this transport, or undefined when it can. */
export function forgeAddrProblem(transport: Transport): string | undefined {
  const problem =
    transport.transparentProblem === undefined
      ? `the transport "${transport.name}" cannot use addresses that are not this machine's; "epoll" can, on Linux.`
      : transport.transparentProblem();
  return problem && `forgeAddr cannot work here: ${problem}`;
}

function forgedAddress(
  transport: Transport,
  session: Session,
  local: SockAddr | undefined,
  remote: SockAddr,
): InetAddr {
  if (local !== undefined) throw impossible('local and forgeAddr exclude each other.');
  // Whether this process has the privilege is checked at start; if it has lost it, the dial fails and says so.
  if (transport.transparentProblem === undefined) throw impossible(forgeAddrProblem(transport)!);
  const address = peerOf(session.client);
  if (address.family === 'unix') {
    throw impossible('forgeAddr cannot be used for clients of a unix socket: they have no address to connect from.');
  }
  if (address.family === remote.family) return portless(address);
  throw unreachable(
    remote,
    `${address.address}, the client's address, which is of another family`,
    'chainer.forgeAddr',
  );
}

function nameOf(local: SockAddr): string {
  return local.family === 'unix' ? formatSockAddr(local) : local.address;
}

function unreachable(remote: SockAddr, from: string, setting: string): ProxyError {
  const message = `${formatSockAddr(remote)} cannot be reached from ${from}.`;
  return new ProxyError('destination_ip_unroutable', message, { address: remote, setting });
}

function impossible(message: string): ProxyError {
  return new ProxyError('proxy_configuration_error', message, { setting: 'chainer.forgeAddr' });
}
