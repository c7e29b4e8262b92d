import type { InetAddr, Resolution } from '@inband/core';

/** What is known of one host and port. */
export interface KnownServer {
  readonly port: number;
  /** The answer that `remotes` was made from, or one without addresses if there was none; undefined for an IP address. */
  readonly resolution: Resolution | undefined;
  /** Never empty. The address that connected last comes first. */
  readonly remotes: readonly InetAddr[];
}

/**
 * Remembers, per host and port, the addresses as fixed objects with the last winner first. Bounded: the oldest entry is
 * removed first. Read once per request, so it concatenates no key of host and port.
 */
export class WinnerMemo {
  readonly #hosts = new Map<string, KnownServer[]>();
  readonly #maxHosts: number;
  readonly #maxPorts: number;

  constructor(maxHosts = 1024, maxPorts = 8) {
    this.#maxHosts = maxHosts;
    this.#maxPorts = maxPorts;
  }

  get(host: string, port: number): KnownServer | undefined {
    const ports = this.#hosts.get(host);
    if (ports === undefined) return undefined;
    for (const known of ports) if (known.port === port) return known;
    return undefined;
  }

  set(host: string, known: KnownServer): void {
    const others = (this.#hosts.get(host) ?? []).filter((other) => other.port !== known.port);
    this.#hosts.delete(host);
    if (this.#hosts.size >= this.#maxHosts) this.#hosts.delete(this.#hosts.keys().next().value!);
    this.#hosts.set(host, [known, ...others.slice(0, this.#maxPorts - 1)]);
  }
}
