import { type InetAddr, sameSockAddr, type SockAddr } from '../../base/address.ts';

/**
 * The most tunnels through this proxy that may lie one in the other. Nobody needs more, and each carries every byte of those
 * in it, so that one client could make the proxy do its work many times.
 */
export const MOST_NESTED = 8;

/** A server connection that was dialled for a tunnel. */
export interface NestedTunnel {
  /** Its local address, which the server sees unless something translates it. */
  readonly local: SockAddr;
  /** 1 for a client that does not come through a tunnel of this proxy, else one more than the depth of that tunnel. */
  readonly depth: number;
}

/** The tunnels of all processes that accept on the same addresses, by the local address of the tunnel. */
export interface SharedTunnels {
  depthOf(client: InetAddr): number;
  add(local: InetAddr, depth: number): void;
  remove(local: InetAddr): void;
}

/**
 * The tunnels that may lead back to this process, by a route of the operator's or by an address that something translates or
 * forwards. What comes out of a tunnel has no `Via`, but its client has the address from which the tunnel was dialled.
 */
export class NestedTunnels {
  /** By local port: one, or the few with that port of several local addresses. */
  readonly #byPort = new Map<number, NestedTunnel | readonly NestedTunnel[]>();

  readonly #shared: SharedTunnels | undefined;

  constructor(shared?: SharedTunnels) {
    this.#shared = shared;
  }

  /** Through how many tunnels a client comes. 0 for one that is neither this process nor one that shares its tunnels. */
  depthOf(client: SockAddr): number {
    if (client.family === 'unix') return 0;
    let depth = this.#shared?.depthOf(client) ?? 0;
    for (const tunnel of this.#at(client.port)) {
      if (tunnel.depth > depth && sameSockAddr(tunnel.local, client)) ({ depth } = tunnel);
    }
    return depth;
  }

  add(tunnel: NestedTunnel): void {
    const { local } = tunnel;
    if (local.family === 'unix') return;
    const others = this.#at(local.port);
    this.#byPort.set(local.port, others.length === 0 ? tunnel : [...others, tunnel]);
    this.#shared?.add(local, tunnel.depth);
  }

  remove(tunnel: NestedTunnel): void {
    const { local } = tunnel;
    if (local.family === 'unix') return;
    this.#shared?.remove(local);
    // The usual case, without a list.
    if (this.#byPort.get(local.port) === tunnel) return void this.#byPort.delete(local.port);
    const left = this.#at(local.port).filter((other) => other !== tunnel);
    if (left.length === 0) this.#byPort.delete(local.port);
    else this.#byPort.set(local.port, left);
  }

  #at(port: number): readonly NestedTunnel[] {
    const at = this.#byPort.get(port);
    if (at === undefined) return NONE;
    return 'depth' in at ? [at] : at;
  }
}

const NONE: readonly NestedTunnel[] = [];
