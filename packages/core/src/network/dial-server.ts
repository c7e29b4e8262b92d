import type { SockAddr } from '../base/address.ts';
import { cancelled, isAborted } from '../base/cancellation.ts';
import type { Connection, Transport } from '../base/connection.ts';
import { type ProxyError, toProxyError } from '../base/errors.ts';
import type { Timers } from '../base/timers.ts';
import { dialChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import { headerForClient } from '../proxy-protocol/client-header.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import { peerOf } from '../session/session-view.ts';
import { type Session, sessionWriter } from '../session/session.ts';
import type { LayeredConnection } from '../session/server-tls-facts.ts';
import { addLayer } from './add-layer.ts';
import { dial, type DialRequest } from './dial.ts';
import type { ConnectionLayer, EstablishOptions } from './establish-options.ts';
import type { ServerPool } from './pool/server-pool.ts';

export interface DialDeps {
  readonly transport: Transport;
  readonly pool: ServerPool;
  readonly timers: Timers;
}

/** A server that was checked, and from where it is dialled. */
export interface CheckedServer {
  readonly remote: SockAddr;
  readonly local: SockAddr | undefined;
  /** For the pool. */
  readonly key: string;
}

/** Milliseconds for a dial when the chainer does not say. */
const defaultConnectTimeout = 10_000;

/**
 * Step 3 on the way to a server: dials what was checked, adds the chainer's layer, and gives the connection to the pool. Rejects with a
 * {@link ProxyError}, and then nothing is left open.
 *
 * V8 keeps the registers of an async function on the heap, for each dial. So this one only waits, and the others do the work.
 */
export async function dialServer(
  deps: DialDeps,
  session: Session,
  server: CheckedServer,
  how: EstablishOptions,
): Promise<ServerConnection> {
  const request = requestOf(deps, session, server, how);
  const start = performance.now();
  if (dialChannel.hasSubscribers) publishStarted(session, request);
  const { decision, resolvedAddress, serverChosenBy } = session;
  try {
    let connection: LayeredConnection = await dial(deps.transport, deps.timers, request);
    const roundTrip = performance.now() - start;
    if (how.proxyProtocol !== undefined) connection.write(headerForClient(how.proxyProtocol, session.client));
    if (how.tls !== undefined)
      connection = await layered(deps, session, how.tls, connection, restOf(request, roundTrip));
    // Cancelled in the very event-loop iteration in which it connected.
    if (request.signals.some(isAborted)) throw dropped(connection, server);
    addAttempt(session, server, how, start);
    // Another address may have been checked while this one was dialled.
    sessionWriter.setServer(session, server.remote, resolvedAddress, serverChosenBy);
    sessionWriter.setDecision(session, decision);
    return adopt(deps, session, server, how, { connection, roundTrip });
  } catch (error) {
    throw failed(session, server, how, start, error);
  }
}

function requestOf(
  { pool }: DialDeps,
  session: Session,
  { remote, local }: CheckedServer,
  { forgeAddr, connectTimeout, signal }: EstablishOptions,
): DialRequest {
  return {
    remote,
    local,
    transparent: forgeAddr === true,
    timeout: connectTimeout ?? defaultConnectTimeout,
    // `how.signal` is read only here, because it may be a getter that creates one, and an idle connection needs none.
    signals: signal === undefined ? [session] : [session, signal],
    session: session.id,
    room: pool,
  };
}

function restOf({ timeout, signals }: DialRequest, spent: number): Parameters<typeof addLayer>[3] {
  return { timeout: timeout - spent, signals };
}

/** What a layer asks for may come back to this proxy before the tunnel is open, and without end if nobody knew whose it is. */
function layered(
  { pool }: DialDeps,
  session: Session,
  layer: ConnectionLayer,
  connection: Connection,
  rest: Parameters<typeof addLayer>[3],
): Promise<LayeredConnection> {
  const depth = depthOf(pool, session);
  if (depth === 0) return addLayer(layer, connection, session, rest);
  const tunnel = { local: connection.local, depth };
  pool.tunnels.add(tunnel);
  return addLayer(layer, connection, session, rest).finally(() => pool.tunnels.remove(tunnel));
}

/** Through how many tunnels of this proxy the session's tunnel goes, itself included; 0 for what is no tunnel. */
function depthOf({ tunnels }: Pick<ServerPool, 'tunnels'>, { method, client }: Session): number {
  // Through a tunnel a client may speak to this proxy again.
  return method === 'CONNECT' ? tunnels.depthOf(peerOf(client)) + 1 : 0;
}

function dropped(connection: Connection, { remote }: CheckedServer): ProxyError {
  connection.destroy();
  return cancelled(remote);
}

function adopt(
  { pool }: DialDeps,
  session: Session,
  { remote, key }: CheckedServer,
  { requestForm, passage }: EstablishOptions,
  { connection, roundTrip }: { readonly connection: LayeredConnection; readonly roundTrip: number },
): ServerConnection {
  const { id, client } = session;
  const depth = depthOf(pool, session);
  const leadsOn = passage !== undefined;
  return pool.adopt(connection, remote, key, { depth, client, session: id, roundTrip, requestForm, leadsOn });
}

function failed(
  session: Session,
  server: CheckedServer,
  how: EstablishOptions,
  start: number,
  error: unknown,
): ProxyError {
  const failure = toProxyError(error);
  addAttempt(session, server, how, start, failure);
  return failure;
}

function addAttempt(
  session: Session,
  { remote: address }: CheckedServer,
  { server }: EstablishOptions,
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

function publishStarted({ id }: Session, { remote, local, timeout }: DialRequest): void {
  dialChannel.publish({ event: 'started', session: id, server: remote, local, timeout });
}

function publishAttempt(session: Session, server: SockAddr, milliseconds: number, failure?: ProxyError): void {
  const common = { session: session.id, server, milliseconds };
  if (failure === undefined) dialChannel.publish({ event: 'connected', ...common });
  else dialChannel.publish({ event: 'failed', ...common, error: errorFacts(failure) });
}
