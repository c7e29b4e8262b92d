import { formatHostPort, formatSockAddr } from '@inband/core';
import { followsClient, withPort } from './addressed-port.ts';
import { isName, type ServerAddress } from '../options/server-address.ts';

/** Most lists that are remembered for ports that clients addressed. */
const MAX_PORTS = 64;

/** Servers to choose from, each with a key. */
export class HostList {
  readonly hosts: readonly ServerAddress[];
  /** The keys of `hosts`, in the same order. Equal servers have equal keys. */
  readonly keys: readonly string[];
  /** Whether a port is 0, so that the servers depend on the client. See {@link withPort}. */
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
    // Intercepted clients may address any port.
    if (this.#byPort.size >= MAX_PORTS) this.#byPort.clear();
    this.#byPort.set(port, list);
    return list;
  }
}
