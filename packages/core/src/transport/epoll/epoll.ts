import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type { InetAddr, SockAddr } from '../../base/address.ts';
import type {
  Accept,
  AdoptOptions,
  DialOptions,
  ListenOptions,
  Transport,
  TransportListener,
} from '../../base/connection.ts';
import { ProxyError } from '../../base/errors.ts';
import { isAbstract } from '../socket-file.ts';
import { notListening } from '../not-listening.ts';
import { removeStaleSocket } from '../stale-socket.ts';
import { CheckedSystem } from './system/checked-system.ts';
import { Dialing } from './dialing.ts';
import type { Settle } from './dialing.ts';
import { loadSystem } from './system/ffi.ts';
import { systemError } from './system/errno-names.ts';
import { adoptListener, openListener } from './open-listener.ts';
import { isOwnAddress } from './own-addresses.ts';
import { Poller } from './poller/poller.ts';
import { transparencyProblem } from './transparency.ts';

const { EADDRINUSE } = constants.errno;

/** The poller of the process, with one epoll set and one receive buffer. Made when it is first needed. */
let poller: Poller | undefined;
let checked = false;
let unavailable: string | undefined;

/**
 * One sentence that says why the `epoll` transport cannot work in this process, or undefined when it can. The first
 * call loads the foreign function interface.
 */
export function epollUnavailable(): string | undefined {
  if (checked) return unavailable;
  checked = true;
  return (unavailable = reason());
}

function reason(): string | undefined {
  if (process.platform !== 'linux') return `epoll exists on Linux only, and this is ${process.platform}.`;
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return `The epoll transport supports x64 and arm64, and this processor is ${process.arch}.`;
  }
  if (!isMainThread) return 'The epoll transport works on the main thread of a process only.';
  try {
    const system = loadSystem();
    const isChecked = process.env['INBAND_EPOLL_CHECK'] === '1';
    poller = new Poller(isChecked ? new CheckedSystem(system) : system, isChecked);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0]?.replace(/\.$/, '') : String(error);
    const isDenied = error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_DISABLED';
    const remedy = isDenied ? ' Start it with --allow-addons, which is beyond the permission model of Node.js.' : '';
    return `The epoll transport cannot reach the system's functions (package koffi): ${message}.${remedy}`;
  }
}

/**
 * A transport over Linux system calls, by a foreign function interface and an epoll set that is joined to Node's event loop. It
 * takes a fraction of the processor time of Node's streams. Nothing of it is loaded before this is called. All transports made
 * here share one epoll set. Throws a {@link ProxyError} where {@link epollUnavailable}
 * has a reason. With `INBAND_EPOLL_CHECK=1` in the environment every call to the system is checked twice, and connections
 * refuse steps that cannot be.
 */
export function createEpollTransport(): Transport {
  const why = epollUnavailable();
  if (poller === undefined)
    throw new ProxyError('proxy_configuration_error', why ?? 'The epoll transport is unavailable.');
  return new EpollTransport(poller);
}

class EpollTransport implements Transport {
  readonly name = 'epoll';
  readonly #poller: Poller;

  constructor(shared: Poller) {
    this.#poller = shared;
  }

  transparentProblem(): string | undefined {
    return transparencyProblem(this.#poller.system);
  }

  isOwnAddress(address: InetAddr): boolean {
    return isOwnAddress(this.#poller.system, address);
  }

  connect(remote: SockAddr, options: DialOptions, settle: Settle): () => void {
    const dialing = new Dialing(this.#poller, remote, settle);
    dialing.start(options);
    return () => dialing.cancel();
  }

  async listen(bind: SockAddr, options: ListenOptions, accept: Accept): Promise<TransportListener> {
    if (bind.family === 'unix') refuseUnix(options);
    let listener = openListener(this.#poller, bind, options, accept);
    if ('errno' in listener && listener.errno === EADDRINUSE && bind.family === 'unix' && !isAbstract(bind.path)) {
      await removeStaleSocket(bind);
      listener = openListener(this.#poller, bind, options, accept);
    }
    if ('errno' in listener) throw systemError(listener.errno, listener.doing, bind);
    return listener;
  }

  async adopt(descriptor: number, options: AdoptOptions, accept: Accept): Promise<TransportListener> {
    const listener = adoptListener(this.#poller, descriptor, options, accept);
    if (listener === undefined) throw notListening(descriptor);
    if ('errno' in listener) throw systemError(listener.errno, listener.doing, listener.address);
    return listener;
  }
}

function refuseUnix({ transparent }: ListenOptions): void {
  if (transparent === undefined) return;
  throw new ProxyError('proxy_configuration_error', 'A unix socket cannot accept intercepted connections.', {
    setting: 'listeners[].transparent',
  });
}
