import type { SockAddr } from '../base/address.ts';
import { toProxyError } from '../base/errors.ts';
import { poolChannel } from '../diagnostics/channels.ts';
import { headerKey } from '../proxy-protocol/client-header.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import { type Session, sessionWriter } from '../session/session.ts';
import { boundServersOf } from './bound-servers.ts';
import { checkLoop } from './check-loop.ts';
import { checkServer } from './check-server.ts';
import { type DialDeps, dialServer } from './dial-server.ts';
import type { EstablishConnection, EstablishOptions } from './establish-options.ts';
import type { OwnListeners } from './own-listeners.ts';
import { poolKey, type ServerPool } from './pool/server-pool.ts';
import { publishReuse } from './publish-reuse.ts';
import { sourceOf } from './source-address.ts';

export interface EstablisherDeps extends DialDeps {
  /** The listeners to which a client must not connect through this proxy. By default only the one it came through. */
  readonly ownListeners?: OwnListeners | undefined;
}

const asUsual: EstablishOptions = {};

/**
 * Makes the only way to the network. Each chainer gets its own, bound to who chooses that chainer's servers, because the
 * safe defaults of policy depend on it.
 */
export function createEstablisher(
  deps: EstablisherDeps,
): (serverChosenBy: 'client' | 'operator') => EstablishConnection {
  return (serverChosenBy) =>
    (session, local, remote, how = asUsual) => {
      try {
        // Step 1: check. Without address translation nothing is paid for it.
        const translation = session.service.nat?.destination(session.client.address, remote, session);
        const server = translation?.address ?? remote;
        checkServer(session, remote, serverChosenBy, translation);
        if (how.passage !== undefined) sessionWriter.setDecision(session, how.passage.decision);
        checkLoop(deps, session, server, serverChosenBy, translation);
        // Step 2: reuse.
        const source = sourceOf(deps.transport, session, local, server, how);
        const key = poolKey(source, server, layerId(session, how), how.forgeAddr === true);
        const idle = how.reuse === false ? undefined : acquireIdle(deps.pool, session, server, key);
        if (idle !== undefined) return idle;
        // Step 3: dial.
        return dialServer(deps, session, { remote: server, local: source, key }, how);
      } catch (error) {
        return Promise.reject(toProxyError(error));
      }
    };
}

/** What tells apart connections to one address. */
function layerId(session: Session, how: EstablishOptions): string | undefined {
  const { proxyProtocol, tls, requestForm } = how;
  if (proxyProtocol !== undefined) {
    const over = layerId(session, { tls, requestForm });
    return `${headerKey(proxyProtocol, session.client)} under ${over ?? 'plain'}`;
  }
  if (requestForm === undefined) return tls?.id;
  return tls === undefined ? requestForm.id : `${requestForm.id} ${tls.id}`;
}

/** The connection on which this client has logged in, else one of the pool's. */
function acquireIdle(pool: ServerPool, session: Session, server: SockAddr, key: string): ServerConnection | undefined {
  if (!session.mayReuse) return undefined;
  const { client } = session;
  const bound = boundServersOf(client)?.acquireSame(session, key);
  // Another CONNECT may end up in a tunnel, and cannot be sent twice.
  const mayBeAny = session.method !== 'CONNECT';
  const idle = bound ?? (mayBeAny ? pool.acquire(key, client, session.maxIdleTime, session.id) : undefined);
  if (poolChannel.hasSubscribers) publishReuse(session, server, idle);
  return idle;
}
