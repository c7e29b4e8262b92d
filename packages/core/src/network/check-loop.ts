import { formatSockAddr, sameSockAddr, type SockAddr } from '../base/address.ts';
import type { Transport } from '../base/connection.ts';
import { ProxyError } from '../base/errors.ts';
import type { Translation } from '../nat/address-translation.ts';
import { peerOf } from '../session/session-view.ts';
import type { Session } from '../session/session.ts';
import type { OwnListeners } from './own-listeners.ts';
import { MOST_NESTED, type NestedTunnels } from './pool/nested-tunnels.ts';

export interface LoopDeps {
  readonly transport: Transport;
  /** The listeners to which a client must not connect through this proxy. By default only the one it came through. */
  readonly ownListeners?: OwnListeners | undefined;
  readonly pool: { readonly tunnels: NestedTunnels };
}

/**
 * Throws when `server` leads back to this proxy, which would evade the rules of the client's own listener or loop. An
 * address that a rule of the operator's names is the operator's choice, and is allowed.
 */
export function checkLoop(
  { ownListeners, transport, pool }: LoopDeps,
  session: Session,
  server: SockAddr,
  serverChosenBy: 'client' | 'operator',
  translation: Translation | undefined,
): void {
  if (serverChosenBy === 'client') {
    const mayBeOwn = ownListeners !== undefined && translation?.isOperatorsChoice !== true;
    if (isWhereItCameIn(session, server) || (mayBeOwn && ownListeners.accept(server, transport))) throw itself(server);
  }
  if (session.method !== 'CONNECT' || pool.tunnels.depthOf(peerOf(session.client)) < MOST_NESTED) return;
  const message = `This client is the proxy itself, ${MOST_NESTED} tunnels deep: a route or an address leads back to it.`;
  throw new ProxyError('proxy_loop_detected', message, { address: server });
}

function itself(server: SockAddr): ProxyError {
  return new ProxyError('proxy_loop_detected', `${formatSockAddr(server)} is this proxy itself.`, { address: server });
}

function isWhereItCameIn(session: Session, remote: SockAddr): boolean {
  const { listener, local, originalDestination } = session.client;
  if (sameSockAddr(remote, listener)) return true;
  // With TPROXY the local address of the connection is the client's original destination, and not ours.
  return (
    sameSockAddr(remote, local) && !(originalDestination !== undefined && sameSockAddr(originalDestination, local))
  );
}
