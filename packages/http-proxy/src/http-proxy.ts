import { type ClientConnection, OpenClients, type ProtocolProxy, type Service } from '@inband/core';
import { ClientSide } from './client-side.ts';
import { createContext, type HttpContext, type HttpProxyDeps } from './context.ts';

/** Speaks HTTP/1 with clients and servers on behalf of one service. Seed: HttpProxy. */
export function createHttpProxy(deps: HttpProxyDeps): ProtocolProxy {
  return new HttpProxy(createContext(deps));
}

class HttpProxy implements ProtocolProxy {
  readonly #context: HttpContext;
  readonly #open = new OpenClients<ClientSide>();
  #draining = false;

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
    for (const side of this.#open) side.closing = true;
    // A request that has arrived on an idle connection is not too late: the event loop delivers it first.
    setImmediate(() => setImmediate(this.#closeIdle));
    return this.#open.gone();
  }

  close(): void {
    for (const side of this.#open) side.destroy();
  }

  readonly #closeIdle = (): void => {
    for (const side of this.#open) side.drain();
  };

  readonly #forget = (side: ClientSide): void => {
    this.#open.delete(side);
  };
}
