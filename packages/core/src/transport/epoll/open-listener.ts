import type { SockAddr } from '../../base/address.ts';
import type { Accept, AdoptOptions, ListenOptions } from '../../base/connection.ts';
import { asErrno, type SocketOperation } from '../../base/errno.ts';
import { fileOf, giveAccess, isAbstract, SocketFile } from '../socket-file.ts';
import { permitInterception } from './intercepted.ts';
import { EpollListener } from './listener.ts';
import type { Poller } from './poller/poller.ts';
import { keepAlive } from './system/keep-alive.ts';
import { IPV6_V6ONLY, SO_ACCEPTCONN, SO_REUSEADDR, SO_REUSEPORT, TCP_NODELAY, type System } from './system/system.ts';

const DEFAULT_BACKLOG = 1024;

/** Why a listener could not be opened. */
export interface ListenFailure {
  readonly errno: number;
  readonly doing: SocketOperation;
}

/** Binds and listens, or returns what failed and leaves nothing open. */
export function openListener(
  poller: Poller,
  bind: SockAddr,
  options: ListenOptions,
  accept: Accept,
): EpollListener | ListenFailure {
  const { system } = poller;
  const descriptor = system.socket(bind.family);
  if (descriptor < 0) return { errno: -descriptor, doing: 'listen' };
  let result = permitInterception(system, descriptor, bind, options.transparent);
  if (result < 0) return refused(poller, descriptor, -result, 'intercept');
  if (bind.family !== 'unix') {
    system.setOption(descriptor, SO_REUSEADDR, 1);
    setInherited(system, descriptor);
  }
  if (bind.family !== 'unix' && options.reusePort === true) result = system.setOption(descriptor, SO_REUSEPORT, 1);
  if (bind.family === 'inet6') system.setOption(descriptor, IPV6_V6ONLY, 0);
  if (result >= 0) result = bindKeptBack(system, descriptor, bind, options);
  if (result < 0) return refused(poller, descriptor, -result);
  const file = takeFile(bind, options);
  if (file !== undefined && 'errno' in file) return refused(poller, descriptor, file.errno, file.doing);
  result = system.listen(descriptor, options.backlog ?? DEFAULT_BACKLOG);
  if (result >= 0) {
    const how = { ...options, bind, file, ownsFile: true };
    const listener = new EpollListener(poller, descriptor, how, accept);
    result = poller.set.add(descriptor, listener);
    if (result >= 0) return listener;
  }
  file?.remove();
  return refused(poller, descriptor, -result);
}

/** Takes over a socket that listens already. Undefined if it does not; it is closed then, as after a failure. */
export function adoptListener(
  poller: Poller,
  descriptor: number,
  options: AdoptOptions,
  accept: Accept,
): EpollListener | (ListenFailure & { readonly address: SockAddr }) | undefined {
  const { system } = poller;
  if (system.adopt(descriptor) < 0) return undefined;
  const address = system.localAddress(descriptor);
  if (address === undefined || system.getOption(descriptor, SO_ACCEPTCONN) !== 1) {
    poller.set.close(descriptor);
    return undefined;
  }
  let result = permitInterception(system, descriptor, address, options.transparent);
  if (result < 0) return { ...refused(poller, descriptor, -result, 'intercept'), address };
  if (address.family !== 'unix') setInherited(system, descriptor);
  const file = fileOf(address);
  const listener = new EpollListener(poller, descriptor, { bind: address, file, ...options }, accept);
  result = poller.set.add(descriptor, listener);
  return result < 0 ? { ...refused(poller, descriptor, -result), address } : listener;
}

/**
 * A file whose mode is yet to be set lets no client in from the beginning, because a client that was allowed at the time of the
 * bind would be connected by the kernel when the socket listens, though the mode is another one by then.
 */
function bindKeptBack(system: System, descriptor: number, bind: SockAddr, { file }: ListenOptions): number {
  if (bind.family !== 'unix' || file?.mode === undefined) return system.bind(descriptor, bind);
  const before = process.umask(0o777);
  try {
    return system.bind(descriptor, bind);
  } finally {
    process.umask(before);
  }
}

/** Options that accepted sockets inherit. */
function setInherited(system: System, descriptor: number): void {
  system.setOption(descriptor, TCP_NODELAY, 1);
  keepAlive(system, descriptor);
}

function refused(poller: Poller, descriptor: number, errno: number, doing: SocketOperation = 'listen'): ListenFailure {
  poller.set.close(descriptor);
  return { errno, doing };
}

/**
 * Called between binding and listening, when no client can connect yet. Leaves no file behind when it fails. Undefined for a
 * socket that has none.
 */
function takeFile(bind: SockAddr, { file: access }: ListenOptions): SocketFile | ListenFailure | undefined {
  if (bind.family !== 'unix' || isAbstract(bind.path)) return undefined;
  let file: SocketFile | undefined;
  try {
    file = new SocketFile(bind.path);
    if (access !== undefined) giveAccess(bind.path, access);
    return file;
  } catch (error) {
    file?.remove();
    const { errno } = asErrno(error);
    return { errno: Math.abs(errno ?? 0), doing: file === undefined ? 'listen' : 'own' };
  }
}
