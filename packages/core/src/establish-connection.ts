import { formatSockAddr, sameSockAddr, type SockAddr } from './address.ts';
import type { ConnectionLayer, EstablishConnection, EstablishOptions, ServerConnection } from './chainer.ts';
import type { Connection, Transport } from './connection.ts';
import { cancelled, dial } from './dial.ts';
import { ProxyError, toProxyError } from './errors.ts';
import { accessDenied } from './policy/access-policy.ts';
import { poolKey, type ServerPool } from './server-pool.ts';
import type { Cancellation, Session } from './session.ts';
import type { Timers } from './timers.ts';

export interface EstablisherDeps {
  readonly transport: Transport;
  readonly pool: ServerPool;
  readonly timers: Timers;
}

/** Milliseconds for a dial when the chainer does not say. */
export const defaultConnectTimeout = 10_000;

const asUsual: EstablishOptions = {};

/**
 * Makes the one way to the network. It is handed out per chainer, bound to who chooses that chainer's servers,
 * because the safe defaults of the policy depend on it.
 */
export function createEstablisher(
  deps: EstablisherDeps,
): (serverChosenBy: 'client' | 'operator') => EstablishConnection {
  return (serverChosenBy) =>
    (session, local, remote, how = asUsual) => {
      const refusal = check(session, remote, serverChosenBy, local, how);
      if (refusal !== undefined) return Promise.reject(refusal);
      const key = poolKey(local, remote, how.tls?.id);
      if (how.reuse !== false && session.mayReuse) {
        const idle = deps.pool.take(key);
        if (idle !== undefined) return idle;
      }
      return connect(deps, session, local, remote, how, key);
    };
}

/** Step 1: the address that is judged here is the address that is dialled below. */
function check(
  session: Session,
  remote: SockAddr,
  serverChosenBy: 'client' | 'operator',
  local: SockAddr | undefined,
  how: EstablishOptions,
): ProxyError | undefined {
  session.serverAddress = remote;
  const decision = session.service.policy.decide({
    client: session.client.address,
    server: remote,
    serverChosenBy,
    target: session.target,
    method: session.method,
    user: session.user,
  });
  if (decision.verdict !== 'allow') return accessDenied(decision, remote);
  if (serverChosenBy === 'client' && isOwnListener(session, remote)) {
    return new ProxyError('proxy_loop_detected', `${formatSockAddr(remote)} is this proxy itself.`, {
      address: remote,
    });
  }
  if (how.forgeAddr === true) return forgeRefused(local);
  if (session.aborted) return cancelled(remote);
  return undefined;
}

function isOwnListener(session: Session, remote: SockAddr): boolean {
  const { listener, local, originalDestination } = session.client;
  if (sameSockAddr(remote, listener)) return true;
  // Where an intercepted client (TPROXY) was going is the local address of its connection, and not ours.
  return (
    sameSockAddr(remote, local) && !(originalDestination !== undefined && sameSockAddr(originalDestination, local))
  );
}

/** The sentence that every use of `forgeAddr` is refused with, until a transport can do it. */
export const forgeAddrUnavailable =
  'forgeAddr needs a transport that can bind to foreign addresses (epoll on Linux, with CAP_NET_ADMIN); none is available.';

function forgeRefused(local: SockAddr | undefined): ProxyError {
  const message = local === undefined ? forgeAddrUnavailable : 'local and forgeAddr exclude each other.';
  return new ProxyError('proxy_configuration_error', message, { setting: 'chainer.forgeAddr' });
}

/** Step 3. Step 2, reuse, needs no more than the pool's answer. */
async function connect(
  deps: EstablisherDeps,
  session: Session,
  local: SockAddr | undefined,
  remote: SockAddr,
  how: EstablishOptions,
  key: string,
): Promise<ServerConnection> {
  const timeout = how.connectTimeout ?? defaultConnectTimeout;
  // Only here: a signal may be made by asking for it, and an idle connection needs none.
  const signals = how.signal === undefined ? [session] : [session, how.signal];
  const start = performance.now();
  try {
    const plain = await dial(deps.transport, deps.timers, { remote, local, timeout, signals });
    const left = timeout - (performance.now() - start);
    const connection = how.tls === undefined ? plain : await wrap(how.tls, plain, session, { left, signals });
    if (signals.some((signal) => signal.aborted)) {
      // Cancelled in the very turn in which it connected.
      connection.destroy();
      throw cancelled(remote);
    }
    record(session, remote, start);
    return deps.pool.adopt(connection, remote, key);
  } catch (error) {
    const failure = toProxyError(error);
    record(session, remote, start, failure);
    throw failure;
  }
}

/** Lets the layer take the connection over, within what is left of the time, unless it is cancelled. */
async function wrap(
  layer: ConnectionLayer,
  plain: Connection,
  session: Session,
  bounds: { readonly left: number; readonly signals: readonly Cancellation[] },
): Promise<Connection> {
  const timeUp = new ProxyError(
    'connection_timeout',
    `${formatSockAddr(plain.remote)} did not finish its handshake in time.`,
    { address: plain.remote, setting: 'chainer.connectTimeout' },
  );
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  let abandoned = false;
  const giveUp = (error: ProxyError): void => {
    abandoned = true;
    plain.destroy(error);
    reject(error);
  };
  const onAbort = (): void => giveUp(cancelled(plain.remote));
  const timer = setTimeout(() => giveUp(timeUp), Math.max(1, bounds.left));
  for (const signal of bounds.signals) {
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
  }
  const wrapping = async (): Promise<Connection> => {
    const connection = await layer.wrap(plain, session);
    // Given up in the meantime: nobody is left to own it.
    if (abandoned) connection.destroy();
    return connection;
  };
  try {
    return await Promise.race([wrapping(), givenUp]);
  } catch (error) {
    // A layer destroys what it could not wrap; one that broke that promise leaves nothing open either.
    plain.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    for (const signal of bounds.signals) signal.removeEventListener('abort', onAbort);
  }
}

function record(session: Session, address: SockAddr, start: number, failure?: ProxyError): void {
  const duration = performance.now() - start;
  session.attempts ??= [];
  session.attempts.push(failure === undefined ? { address, duration } : { address, duration, error: failure.code });
}
