import { sameSockAddr } from '../../base/address.ts';
import type { SockAddr } from '../../base/address.ts';
import type { DirectConnection, Interception, ListenOptions } from '../../base/connection.ts';
import { isOwnAddress } from './own-addresses.ts';
import { IP_TRANSPARENT, IPV6_TRANSPARENT } from './system/system.ts';
import type { System } from './system/system.ts';

/** Makes an unbound socket one that accepts intercepted connections. A result below zero is a negated errno. */
export function permitInterception(
  system: System,
  descriptor: number,
  bind: SockAddr,
  how: Interception | undefined,
): number {
  if (how !== 'tproxy') return 0;
  // On an IPv6 socket the option holds for its IPv4 clients as well.
  return system.setOption(descriptor, bind.family === 'inet6' ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1);
}

/** The system calls that tell where a client was going. */
type Calls = Pick<System, 'bind' | 'close' | 'localAddress' | 'originalDestination' | 'socket'>;

/** What a transparent listener knows about a connection that it accepted. */
export interface Arrival {
  readonly local: SockAddr;
  /** Undefined: it was made to the listener itself. */
  readonly destination: SockAddr | undefined;
}

/** Finds out where the clients of one transparent listener were going. */
export class Interceptor {
  readonly #system: Calls;
  readonly #listener: SockAddr;
  readonly #how: Interception;
  readonly #onDirect: ((direct: DirectConnection) => void) | undefined;

  constructor(system: Calls, listener: SockAddr, how: Interception, options: Pick<ListenOptions, 'onDirect'>) {
    this.#system = system;
    this.#listener = listener;
    this.#how = how;
    this.#onDirect = options.onDirect;
  }

  /** Asks where an accepted client was going. Undefined when the connection is closed already, or is a unix socket. */
  ask(descriptor: number, remote: SockAddr): Arrival | undefined {
    const local = this.#system.localAddress(descriptor);
    if (local === undefined || local.family === 'unix') return undefined;
    const destination = this.#how === 'tproxy' ? local : this.#destinationBefore(descriptor, local.family);
    if (destination !== undefined && this.#leadsElsewhere(local, destination)) return { local, destination };
    this.#onDirect?.({ remote, local, destination });
    return { local, destination: undefined };
  }

  /** Undefined: the kernel has no record of the connection, so nothing has redirected it. */
  #destinationBefore(descriptor: number, family: 'inet' | 'inet6'): SockAddr | undefined {
    const destination = this.#system.originalDestination(descriptor, family);
    return typeof destination === 'number' ? undefined : destination;
  }

  #leadsElsewhere(local: SockAddr, destination: SockAddr): boolean {
    if (this.#how === 'redirect' && sameSockAddr(destination, local)) return false;
    const listener = this.#listener;
    if (destination.family === 'unix' || listener.family === 'unix' || destination.port !== listener.port) return true;
    return destination.address !== listener.address && !isOwnAddress(this.#system, destination);
  }
}
