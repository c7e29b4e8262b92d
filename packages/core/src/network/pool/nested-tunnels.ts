import { type InetAddr, sameSockAddr, type SockAddr } from '../../base/address.ts';

/**
 * Tunnels that may lie one in the other. More are no chain that somebody wants: each carries every byte of the ones in it,
 * so one client would have the proxy do its work many times.
 */
export const MOST_NESTED = 8;

/** A server connection that was made for a tunnel. */
export interface NestedTunnel {
  /** Where it comes from, as the other side sees it unless something translates. */
  readonly local: SockAddr;
  /** 1 for a tunnel of a client; one more than that of the tunnel through which the client itself comes. */
  readonly depth: number;
}

/** What processes know of each other's tunnels that accept on the same addresses. By the address of the tunnel's own end. */
export interface SharedTunnels {
  depthOf(client: InetAddr): number;
  add(local: InetAddr, depth: number): void;
  remove(local: InetAddr): void;
}

/**
 * The tunnels that may lead back to this process: by a route of the operator's, or by an address that something translates or
 * forwards. What comes out of a tunnel carries no `Via`, but its client has the address from which the tunnel was dialled.
 */
export class NestedTunnels {
  /** By the port of their own end: one, or the few that have the same port of several addresses. */
  readonly #byPort = new Map<number, NestedTunnel | readonly NestedTunnel[]>();

  readonly #shared: SharedTunnels | undefined;

  constructor(shared?: SharedTunnels) {
    this.#shared = shared;
  }

  /** How many tunnels a client comes through: 0 for one that is not this process, or one of those that it shares with. */
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
