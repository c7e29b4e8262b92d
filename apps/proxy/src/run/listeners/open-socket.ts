import {
  adoptListener,
  type ConnectionGate,
  formatSockAddr,
  type Interception,
  type Listener,
  type Logger,
  openListener,
  type ProtocolProxy,
  type SharedTunnels,
  type SockAddr,
  ProxyError,
  toProxyError,
  type Transport,
} from '@inband/core';
import { errorsOf } from '../../config/problem/placed.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { Bind } from '../../config/values/bind.ts';
import type { InheritedSockets, SocketKind } from '../../handover/inherited-sockets.ts';
import type { PlannedListener } from '../plan/planned.ts';
import { bindForAMoment } from './bind-for-a-moment.ts';
import { directConnections } from './direct-connections.ts';
import { socketAccess } from './socket-access.ts';
import { watchSocketFiles } from './socket-file-watch.ts';

/** The addresses of each listener, in the order of the configuration. More than one where systemd passes several sockets. */
export type BoundAddresses = readonly (readonly SockAddr[])[];

/** How a worker shares listeners. */
export interface Sharing {
  /**
   * What other workers have bound already. Undefined in the first worker: it checks that no other process listens there, and gets
   * the ports for those of 0.
   */
  readonly bound: BoundAddresses | undefined;
  /** The tunnels of all workers. */
  readonly tunnels?: SharedTunnels | undefined;
}

/** What all listeners of a process share. */
export interface ListenerDeps {
  readonly transport: Transport;
  readonly logger: Logger;
  /** Whether other workers listen on the same addresses. */
  readonly isShared: boolean;
  /** What this process was started with. */
  readonly inherited: InheritedSockets;
  /** Counts the clients of all listeners. */
  readonly gate: ConnectionGate;
  /**
   * Called with each address that leads back to this proxy; before its first client, if the port is known by then. Returns the
   * function that takes it back.
   */
  readonly announce: (address: SockAddr) => () => void;
  /** The address of a listener of this process, of any proxy in it, because of which none can be opened there. */
  readonly inTheWayOf: (address: SockAddr) => SockAddr | undefined;
}

/** Which socket to open. */
export interface SocketOrder {
  readonly planned: PlannedListener;
  readonly source: ConfigSource;
  readonly proxy: ProtocolProxy;
  /** What to bind: as it is in the configuration, or as other workers have bound it. */
  readonly address: Bind;
  /** By which it takes inherited sockets: see `bindNames`. */
  readonly name: string;
  /** Whether other workers have bound it. */
  readonly isBound: boolean;
  /** Takes back the announcement of the address, if that was complete before. To be called when the socket is closed. */
  readonly unannounce: () => void;
}

/** The listening sockets of a listener: one, or several where the process was started with them. Their owner closes them. */
export interface OpenSocket {
  readonly sockets: readonly OpenListener[];
  /** As it is in the configuration. */
  readonly bind: Bind;
  /** See `TransportListener.close`. */
  close(isHandedOver?: boolean): Promise<void>;
}

export interface OpenListener {
  readonly listener: Listener;
  readonly kind: SocketKind;
}

/** Opens the socket of a listener. Rejects with a `ConfigError` that has its place; then nothing is left open. */
export async function openSocket(order: SocketOrder, deps: ListenerDeps): Promise<OpenSocket> {
  const { planned, source, address, unannounce } = order;
  const { bind } = planned.socket.value;
  const toClose = new AsyncDisposableStack();
  toClose.defer(unannounce);
  try {
    const sockets = await openListeners(order, deps, toClose);
    for (const { listener } of sockets) if (!hasPlace(address)) toClose.defer(deps.announce(listener.address));
    toClose.defer(
      watchSocketFiles(
        sockets.map(({ listener }) => listener),
        deps.logger,
      ),
    );
    let closing: Promise<void> | undefined;
    const closeAll = async (isHandedOver?: boolean): Promise<void> => {
      await Promise.all(sockets.map(({ listener }) => listener.close(isHandedOver)));
      await toClose.disposeAsync();
    };
    return { sockets, bind, close: (isHandedOver) => (closing ??= closeAll(isHandedOver)) };
  } catch (error) {
    await toClose.disposeAsync();
    const { message, setting } = failureOf(error, address, deps);
    const key = setting?.startsWith('listeners[].') === true ? setting.slice('listeners[].'.length) : 'bind';
    throw errorsOf(source, [{ path: [...planned.listener.path, key], message }]);
  }
}

/** Nobody finds another process where this one has the address itself. To be called when the announcement of the address is taken back. */
function failureOf(
  error: unknown,
  address: Bind,
  { inTheWayOf }: Pick<ListenerDeps, 'inTheWayOf'>,
): Pick<ProxyError, 'message' | 'setting'> {
  const failure = toProxyError(error);
  const isTaken = failure.cause instanceof Error && 'code' in failure.cause && failure.cause.code === 'EADDRINUSE';
  const own = isTaken && hasPlace(address) ? inTheWayOf(address) : undefined;
  if (own === undefined || !hasPlace(address)) return failure;
  const itself = `this program itself listens on ${formatSockAddr(own)}`;
  const message = `Cannot listen on ${formatSockAddr(address)}: ${itself}; choose another address, or close that one first (EADDRINUSE).`;
  return { message, setting: failure.setting };
}

/** On the sockets that this process was started with for this listener, or else on one of its own. */
async function openListeners(
  { planned, proxy, address, name, isBound }: SocketOrder,
  { transport, logger, isShared, gate, inherited }: ListenerDeps,
  toClose: AsyncDisposableStack,
): Promise<OpenListener[]> {
  const { value } = planned.socket;
  const { transparent } = value;
  const onDirect = transparent && directConnections(logger, planned.listener.value.service);
  const how = { transport, proxy, transparent, onDirect, gate };
  const sockets: OpenListener[] = [];
  const opened = (listener: Listener, kind: SocketKind): void => {
    toClose.defer(() => listener.close());
    sockets.push({ listener, kind });
  };
  for (const { descriptor, kind } of inherited.take(name)) {
    opened(await adoptListener({ ...how, descriptor, ownsFile: kind === 'sole' }), kind);
  }
  if (sockets.length > 0) return sockets;
  if (address.family === 'systemd') throw notPassed(address.name, inherited);
  if (isShared && !isBound) await checkFree(transport, address, transparent);
  const file = socketAccess(value);
  opened(await openListener({ ...how, bind: address, reusePort: isShared, file }), isShared ? 'group' : 'sole');
  return sockets;
}

function notPassed(name: string, { all }: InheritedSockets): ProxyError {
  const passed = all.filter(({ kind }) => kind === 'systemd').map(({ bind }) => bind.slice('systemd:'.length));
  const found =
    passed.length === 0
      ? 'it has passed none; start the program by a socket unit, and not by another program in between'
      : `it has passed ${[...new Set(passed)].map((one) => JSON.stringify(one)).join(', ')}`;
  const message = `systemd has passed no socket with FileDescriptorName=${name}: ${found}.`;
  return new ProxyError('proxy_configuration_error', message);
}

/** Whether the address is complete before it is bound. */
export function hasPlace(address: Bind): address is SockAddr {
  return address.family === 'unix' || (address.family !== 'systemd' && address.port !== 0);
}

/**
 * Binds an address for a moment without SO_REUSEPORT, which fails if another process listens there. With SO_REUSEPORT it would
 * succeed, and each process would get a part of the clients. A port of 0 is always free.
 */
async function checkFree(transport: Transport, bind: SockAddr, transparent: Interception | undefined): Promise<void> {
  if (bind.family === 'unix' || bind.port === 0) return;
  await bindForAMoment(transport, bind, transparent);
}
