import {
  type ClientConnection,
  type ConnectionPlaces,
  type LiveSession,
  OpenClients,
  type ProtocolProxy,
  type Service,
  type SockAddr,
  type StoppedBy,
} from '@inband/core';
import { createContext, type GuardContext, type TlsGuardDeps } from './context.ts';
import { GuardedTunnel } from './guarded-tunnel.ts';

/**
 * Makes a proxy that relays a tunnel only if it begins with a TLS ClientHello for the host of the tunnel or for a name on
 * the allow list. The proxy reads only the ClientHello and changes no byte.
 */
export function createTlsGuard(deps: TlsGuardDeps): ProtocolProxy {
  return new TlsGuard(createContext(deps));
}

class TlsGuard implements ProtocolProxy {
  readonly #context: GuardContext;
  readonly #open = new OpenClients<GuardedTunnel>();
  #draining = false;

  constructor(context: GuardContext) {
    this.#context = context;
  }

  get service(): Service {
    return this.#context.service;
  }

  get open(): number {
    return this.#open.size;
  }

  get places(): ConnectionPlaces | undefined {
    return this.#context.places;
  }

  accept(client: ClientConnection): void {
    const refusal = this.places?.enter(client.connection, client.address);
    if (refusal !== undefined) {
      // Who speaks TLS understands no answer of ours.
      this.places?.leave(client.connection);
      return client.connection.destroy(refusal.error);
    }
    const tunnel = new GuardedTunnel(this.#context, client, this.#forget);
    this.#open.add(tunnel);
    tunnel.start();
    if (this.#draining) tunnel.drain();
  }

  sessions(): Iterable<LiveSession> {
    return this.#open;
  }

  drain(listener?: SockAddr): Promise<void> {
    if (listener === undefined) this.#draining = true;
    const draining = [...this.#open].filter(({ client }) => listener === undefined || client.listener === listener);
    for (const tunnel of draining) tunnel.drain();
    return this.#open.gone(draining);
  }

  /** Every client has one session, which ends under the rules with which it began. */
  retire(): void {}

  gone(): Promise<void> {
    return this.#open.gone();
  }

  close(by: StoppedBy = 'shutdown.grace'): void {
    this.#context.end.tunnel ??= by;
    for (const tunnel of this.#open) tunnel.destroy();
  }

  /** A guard has tunnels only. */
  closeOnly(what: 'tunnels' | 'requests', by: StoppedBy): number {
    const { open } = this;
    if (what === 'requests') return 0;
    this.close(by);
    return open;
  }

  readonly #forget = (tunnel: GuardedTunnel): void => {
    this.#open.delete(tunnel);
    this.places?.leave(tunnel.client.connection);
  };
}
