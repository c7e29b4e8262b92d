import type { ClientConnection, ProtocolProxy, Service } from '@inband/core';
import { ClientSide } from './client-side.ts';
import { createContext, type HttpContext, type HttpProxyDeps } from './context.ts';

/** Speaks HTTP/1 with clients and servers on behalf of one service. Seed: HttpProxy. */
export function createHttpProxy(deps: HttpProxyDeps): ProtocolProxy {
  return new HttpProxy(createContext(deps));
}

class HttpProxy implements ProtocolProxy {
  readonly #context: HttpContext;
  readonly #open = new Set<ClientSide>();
  #draining = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(context: HttpContext) {
    this.#context = context;
  }

  get service(): Service {
    return this.#context.service;
  }

  get open(): number {
    return this.#open.size;
  }

  accept(client: ClientConnection): void {
    const side = new ClientSide(this.#context, client, this.#forget);
    this.#open.add(side);
    side.closing = this.#draining;
    side.start();
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const side of this.#open) side.drain();
    if (this.#open.size === 0) this.#drained.resolve();
    return this.#drained.promise;
  }

  close(): void {
    for (const side of this.#open) side.destroy();
  }

  readonly #forget = (side: ClientSide): void => {
    this.#open.delete(side);
    if (this.#draining && this.#open.size === 0) this.#drained.resolve();
  };
}
