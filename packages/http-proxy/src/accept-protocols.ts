import type {
  ClientConnection,
  ConnectionPlaces,
  Patience,
  ProtocolProxy,
  ProxyError,
  Service,
  SockAddr,
} from '@inband/core';
import { HttpProxy } from './http-proxy.ts';
import { type AcceptedProtocol, AcceptedSocks } from './socks/accepted-socks.ts';

/**
 * What a listener gives its clients to that accepts other protocols than HTTP alone: `proxy`, made by `createHttpProxy`, serves those as well, by the
 * same steps, and has them as its own from the beginning.
 */
export function acceptProtocols(proxy: ProtocolProxy, accepted: readonly AcceptedProtocol[]): ProtocolProxy {
  if (!(proxy instanceof HttpProxy)) throw new Error('Only an HTTP proxy accepts other protocols.');
  return new Accepting(proxy, new AcceptedSocks(accepted));
}

class Accepting implements ProtocolProxy {
  readonly isFront = true;
  /** It has none of its own. */
  readonly open = 0;
  readonly #proxy: HttpProxy;
  readonly #others: AcceptedSocks;

  constructor(proxy: HttpProxy, others: AcceptedSocks) {
    this.#proxy = proxy;
    this.#others = others;
  }

  get service(): Service {
    return this.#proxy.service;
  }

  get places(): ConnectionPlaces | undefined {
    return this.#proxy.places;
  }

  accept(client: ClientConnection): void {
    this.#proxy.accept(client, this.#others);
  }

  refuse(client: ClientConnection, error: ProxyError): void {
    this.#proxy.refuse(client, error, this.#others);
  }

  drain(listener?: SockAddr, patience?: Patience): Promise<void> {
    return this.#proxy.drain(listener, patience);
  }

  retire(): void {}

  gone(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}
