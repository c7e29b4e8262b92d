import { formatHostPort, formatSockAddr } from '@inband/core';
import { followsClient, withPort } from './addressed-port.ts';
import { isName, type ServerAddress } from '../options/server-address.ts';

/** How many lists are remembered for ports that clients addressed. */
const MAX_PORTS = 64;

/** Servers to choose from, and what tells each of them apart from others and from itself with another port. */
export class HostList {
  readonly hosts: readonly ServerAddress[];
  /** Beside `hosts`: equal for equal servers. */
  readonly keys: readonly string[];
  /** Whether a port is missing, so that each client sees servers of its own. See {@link withPort}. */
  readonly followsClient: boolean;
  readonly #byPort = new Map<number, HostList>();

  constructor(hosts: readonly ServerAddress[]) {
    this.hosts = hosts;
    this.keys = hosts.map((host) => (isName(host) ? formatHostPort(host) : formatSockAddr(host)));
    this.followsClient = hosts.some(followsClient);
  }

  /** The same servers, in the same order, for a client that addressed `port`. The same object for the same port. */
  forPort(port: number): HostList {
    const known = this.#byPort.get(port);
    if (known !== undefined) return known;
    const list = new HostList(this.hosts.map((host) => withPort(host, port)));
    // Intercepted clients may address any.
    if (this.#byPort.size >= MAX_PORTS) this.#byPort.clear();
    this.#byPort.set(port, list);
    return list;
  }
}
