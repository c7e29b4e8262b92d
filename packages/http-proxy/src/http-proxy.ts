import { type ClientConnection, OpenClients, type ProtocolProxy, type ProxyError, type Service } from '@inband/core';
import { ClientSide } from './client/client-side.ts';
import { createContext, type HttpContext, type HttpProxyDeps } from './service/context.ts';

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

  /** Reads its first request, for a short time, so that the answer is one that it understands. */
  refuse(client: ClientConnection, error: ProxyError): void {
    // It does not know of a proxy, and takes the answer for its server's.
    if (this.#context.service.mode === 'transparent') return client.connection.destroy(error);
    const side = new ClientSide(this.#context, client, this.#forget);
    this.#open.add(side);
    side.refuse(error);
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const side of this.#open) side.closing = true;
    // A request that has arrived on an idle connection is not too late: the event loop delivers it first.
    setImmediate(() => setImmediate(this.#closeIdle));
    return this.#open.gone();
  }

  close(): void {
    this.#context.end.stopped = true;
    for (const side of this.#open) side.destroy();
    this.#context.requestReaders.close();
    this.#context.responseReaders.close();
  }

  readonly #closeIdle = (): void => {
    for (const side of this.#open) side.drain();
  };

  readonly #forget = (side: ClientSide): void => {
    this.#open.delete(side);
  };
}
