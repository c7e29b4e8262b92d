import { type ClientConnection, OpenClients, type ProtocolProxy, type Service } from '@inband/core';
import { createContext, type GuardContext, type TlsGuardDeps } from './context.ts';
import { GuardedTunnel } from './guarded-tunnel.ts';

/**
 * Lets a tunnel go on only if it begins with a TLS ClientHello for the host to which it was opened, or for one of an
 * allow list. It reads nothing else and changes nothing.
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

  accept(client: ClientConnection): void {
    const tunnel = new GuardedTunnel(this.#context, client, this.#forget);
    this.#open.add(tunnel);
    tunnel.start();
    if (this.#draining) tunnel.drain();
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const tunnel of this.#open) tunnel.drain();
    return this.#open.gone();
  }

  close(): void {
    this.#context.end.stopped = true;
    for (const tunnel of this.#open) tunnel.destroy();
  }

  readonly #forget = (tunnel: GuardedTunnel): void => {
    this.#open.delete(tunnel);
  };
}
