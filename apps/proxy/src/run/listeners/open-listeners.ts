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
import { directConnections } from './direct-connections.ts';
import type { Plan } from '../plan/planned.ts';
import { socketAccess } from './socket-access.ts';

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

export interface OpenListenersDeps {
  readonly plan: Plan;
  readonly source: ConfigSource;
  readonly transport: Transport;
  /** By the service's name. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  readonly logger: Logger;
  readonly sharing: Sharing | undefined;
  /** Counts the clients of all listeners. */
  readonly gate: ConnectionGate;
  /** Called with each address that leads back to this proxy; before its first client, if the port is known by then. */
  readonly announce: (address: SockAddr) => void;
}

/** Opens every listener of a plan and adds it to `opened`, which the caller closes, also when this rejects. */
export async function openListeners(opened: Listener[], deps: OpenListenersDeps): Promise<void> {
  const { plan, source, transport, proxies, logger, sharing, gate, announce } = deps;
  const { listeners } = plan;
  for (const [index, { socket }] of listeners.entries()) {
    const address = sharing?.bound?.[index] ?? socket.value.bind;
    if (hasPlace(address)) announce(address);
  }
  for (const [index, { listener: planned, socket }] of listeners.entries()) {
    const { bind, transparent } = socket.value;
    const { service } = planned.value;
    const proxy = proxies.get(service);
    if (proxy === undefined) {
      throw errorsOf(source, [{ path: [...planned.path, 'service'], message: `there is no service "${service}".` }]);
    }
    try {
      const reusePort = sharing !== undefined;
      if (sharing !== undefined && sharing.bound === undefined) await checkFree(transport, bind);
      const address = sharing?.bound?.[index] ?? bind;
      const onDirect = transparent && directConnections(logger, service);
      const file = socketAccess(socket.value);
      const how = { reusePort, transparent, onDirect, file, gate };
      const listener = await openListener({ transport, bind: address, proxy, ...how });
      opened.push(listener);
      if (!hasPlace(address)) announce(listener.address);
    } catch (error) {
      const { message, setting } = toProxyError(error);
      const key = setting?.startsWith('listeners[].') === true ? setting.slice('listeners[].'.length) : 'bind';
      throw errorsOf(source, [{ path: [...planned.path, key], message }]);
    }
  }
}

/** Whether the address is complete before it is bound. */
function hasPlace(address: SockAddr): boolean {
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
