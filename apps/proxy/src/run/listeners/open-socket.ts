import {
  type ConnectionGate,
  type Listener,
  type Logger,
  openListener,
  type ProtocolProxy,
  type SharedTunnels,
  type SockAddr,
  toProxyError,
  type Transport,
} from '@inband/core';
import { errorsOf } from '../../config/parse-config.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { PlannedListener } from '../plan/planned.ts';
import { directConnections } from './direct-connections.ts';
import { socketAccess } from './socket-access.ts';
import { watchSocketFiles } from './socket-file-watch.ts';

/** How a worker shares listeners. */
export interface Sharing {
  /**
   * The addresses that other workers have bound already, in the order of the configuration. Undefined in the first worker: it
   * checks that no other process listens there, and gets the ports for those of 0.
   */
  readonly bound: readonly SockAddr[] | undefined;
  /** The tunnels of all workers. */
  readonly tunnels?: SharedTunnels | undefined;
}

/** What all listeners of a process share. */
export interface ListenerDeps {
  readonly transport: Transport;
  readonly logger: Logger;
  /** Whether other workers listen on the same addresses. */
  readonly isShared: boolean;
  /** Counts the clients of all listeners. */
  readonly gate: ConnectionGate;
  /**
   * Called with each address that leads back to this proxy; before its first client, if the port is known by then. Returns the
   * function that takes it back.
   */
  readonly announce: (address: SockAddr) => () => void;
}

/** Which socket to open. */
export interface SocketOrder {
  readonly planned: PlannedListener;
  readonly source: ConfigSource;
  readonly proxy: ProtocolProxy;
  /** What to bind: as it is in the configuration, or as other workers have bound it. */
  readonly address: SockAddr;
  /** Whether other workers have bound it. */
  readonly isBound: boolean;
  /** Takes back the announcement of the address, if that was complete before. To be called when the socket is closed. */
  readonly unannounce: () => void;
}

/** A listening socket. Its owner closes it. */
export interface OpenSocket {
  readonly listener: Listener;
  /** As it is in the configuration. */
  readonly bind: SockAddr;
  /** Accepts the clients in its queue, then closes. */
  close(): Promise<void>;
}

/** Opens the socket of a listener. Rejects with a `ConfigError` that has its place; then nothing is left open. */
export async function openSocket(order: SocketOrder, deps: ListenerDeps): Promise<OpenSocket> {
  const { planned, source, proxy, address, isBound, unannounce } = order;
  const { transport, logger, isShared, gate, announce } = deps;
  const { value } = planned.socket;
  const { bind, transparent } = value;
  const toClose = new DisposableStack();
  toClose.defer(unannounce);
  try {
    if (isShared && !isBound) await checkFree(transport, bind);
    const onDirect = transparent && directConnections(logger, planned.listener.value.service);
    const how = { reusePort: isShared, transparent, onDirect, file: socketAccess(value), gate };
    const listener = await openListener({ transport, bind: address, proxy, ...how });
    if (!hasPlace(address)) toClose.defer(announce(listener.address));
    toClose.defer(watchSocketFiles([listener], logger));
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= listener.close().finally(() => toClose.dispose()));
    return { listener, bind, close };
  } catch (error) {
    toClose.dispose();
    const { message, setting } = toProxyError(error);
    const key = setting?.startsWith('listeners[].') === true ? setting.slice('listeners[].'.length) : 'bind';
    throw errorsOf(source, [{ path: [...planned.listener.path, key], message }]);
  }
}

/** Whether the address is complete before it is bound. */
export function hasPlace(address: SockAddr): boolean {
  return address.family === 'unix' || address.port !== 0;
}

/**
 * Binds an address for a moment without SO_REUSEPORT, which fails if another process listens there. With SO_REUSEPORT it would
 * succeed, and each process would get a part of the clients. A port of 0 is always free.
 */
async function checkFree(transport: Transport, bind: SockAddr): Promise<void> {
  if (bind.family === 'unix' || bind.port === 0) return;
  const probe = await transport.listen(bind, {}, (connection) => connection.destroy());
  await probe.close();
}
