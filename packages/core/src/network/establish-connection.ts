import type { SockAddr } from '../base/address.ts';
import type { Transport } from '../base/connection.ts';
import { type ProxyError, toProxyError } from '../base/errors.ts';
import type { Timers } from '../base/timers.ts';
import { dialChannel, poolChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import { type Session, sessionWriter } from '../session/session.ts';
import { addLayer } from './add-layer.ts';
import { boundServersOf } from './bound-servers.ts';
import { cancelled } from './cancelled.ts';
import { checkLoop } from './check-loop.ts';
import { checkServer } from './check-server.ts';
import { dial, type DialRequest } from './dial.ts';
import type { EstablishConnection, EstablishOptions } from './establish-options.ts';
import type { OwnListeners } from './own-listeners.ts';
import { poolKey, type ServerPool } from './pool/server-pool.ts';
import { publishReuse } from './publish-reuse.ts';
import { sourceOf } from './source-address.ts';

export interface EstablisherDeps {
  readonly transport: Transport;
  readonly pool: ServerPool;
  readonly timers: Timers;
  /** The listeners to which a client must not connect through this proxy. By default only the one it came through. */
  readonly ownListeners?: OwnListeners | undefined;
}

/** Milliseconds for a dial when the chainer does not say. */
export const defaultConnectTimeout = 10_000;

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
        const translation = session.service.nat?.destination(session.client.address, remote);
        const server = translation?.address ?? remote;
        checkServer(session, remote, serverChosenBy, translation);
        checkLoop(deps, session, server, serverChosenBy, translation);
        // Step 2: reuse.
        const source = sourceOf(deps.transport, session, local, server, how);
        const forged = how.forgeAddr === true;
        const key = poolKey(source, server, how.tls?.id, forged);
        const idle = how.reuse === false ? undefined : acquireIdle(deps.pool, session, server, key);
        if (idle !== undefined) return idle;
        // Step 3: dial.
        return connect(deps, session, { local: source, remote: server, transparent: forged }, how, key);
      } catch (error) {
        return Promise.reject(toProxyError(error));
      }
    };
}

/** The connection on which this client has logged in, else one of the pool's. */
function acquireIdle(pool: ServerPool, session: Session, server: SockAddr, key: string): ServerConnection | undefined {
  if (!session.mayReuse) return undefined;
  const { client } = session;
  const idle =
    boundServersOf(client)?.acquireSame(session, key) ?? pool.acquire(key, client, session.maxIdleTime, session.id);
  if (poolChannel.hasSubscribers) publishReuse(session, server, idle);
  return idle;
}

async function connect(
  deps: EstablisherDeps,
  session: Session,
  path: Pick<DialRequest, 'local' | 'remote' | 'transparent'>,
  how: EstablishOptions,
  key: string,
): Promise<ServerConnection> {
  const { remote } = path;
  const timeout = how.connectTimeout ?? defaultConnectTimeout;
  const { decision, resolvedAddress, serverChosenBy } = session;
  // Read only here, because `how.signal` may be a getter that creates one, and an idle connection needs none.
  const signals = how.signal === undefined ? [session] : [session, how.signal];
  const start = performance.now();
  if (dialChannel.hasSubscribers) {
    dialChannel.publish({ event: 'started', session: session.id, server: remote, local: path.local, timeout });
  }
  try {
    const makeRoom = (error: Error): void => {
      if (dialChannel.hasSubscribers) {
        dialChannel.publish({ event: 'waiting', session: session.id, server: remote, error: errorFacts(error) });
      }
      deps.pool.makeRoom();
    };
    const plain = await dial(deps.transport, deps.timers, { ...path, timeout, signals, makeRoom });
    const roundTrip = performance.now() - start;
    const left = timeout - roundTrip;
    const connection =
      how.tls === undefined ? plain : await addLayer(how.tls, plain, session, { timeout: left, signals });
    if (signals.some((signal) => signal.aborted)) {
      // Cancelled in the very event-loop iteration in which it connected.
      connection.destroy();
      throw cancelled(remote);
    }
    addAttempt(session, remote, how.server, start);
    // Another address may have been checked while this one was dialled.
    sessionWriter.setServer(session, remote, resolvedAddress, serverChosenBy);
    sessionWriter.setDecision(session, decision);
    // Through a tunnel a client may speak to this proxy again.
    const depth = session.method === 'CONNECT' ? deps.pool.tunnels.depthOf(session.client.address) + 1 : 0;
    const { id, client } = session;
    return deps.pool.adopt(connection, remote, key, { depth, client, session: id, roundTrip });
  } catch (error) {
    const failure = toProxyError(error);
    addAttempt(session, remote, how.server, start, failure);
    throw failure;
  }
}

function addAttempt(
  session: Session,
  address: SockAddr,
  server: string | undefined,
  start: number,
  failure?: ProxyError,
): void {
  const duration = performance.now() - start;
  if (dialChannel.hasSubscribers) publishAttempt(session, address, duration, failure);
  sessionWriter.addAttempt(
    session,
    failure === undefined ? { address, duration, server } : { address, duration, server, error: failure.code },
  );
}

function publishAttempt(session: Session, server: SockAddr, milliseconds: number, failure?: ProxyError): void {
  const common = { session: session.id, server, milliseconds };
  if (failure === undefined) dialChannel.publish({ event: 'connected', ...common });
  else dialChannel.publish({ event: 'failed', ...common, error: errorFacts(failure) });
}
