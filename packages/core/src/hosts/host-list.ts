import type { HostSet } from './host-set.ts';

/** A list of hosts that may change while rules use it. */
export class HostList {
  /** By which messages name it. */
  readonly name: string;
  #hosts: HostSet;
  #generation = 0;

  constructor(name: string, hosts: HostSet) {
    this.name = name;
    this.#hosts = hosts;
  }

  /** Changes with every version. */
  get generation(): number {
    return this.#generation;
  }

  /** The number of hosts in it. */
  get size(): number {
    return this.#hosts.size;
  }

  /** See {@link HostSet.has}. */
  has(host: string, isAddress: boolean): boolean {
    return this.#hosts.has(host, isAddress);
  }

  /** Takes effect at once. */
  replace(hosts: HostSet): void {
    this.#hosts = hosts;
    this.#generation += 1;
  }
}
