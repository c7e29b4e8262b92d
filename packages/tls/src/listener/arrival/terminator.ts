import {
  type ClientConnection,
  type ConnectionPlaces,
  type ConnectionRefusal,
  OpenClients,
  type Patience,
  type ProtocolProxy,
  type ProxyError,
  type Service,
  type SockAddr,
} from '@inband/core';
import { Arrival } from './arrival.ts';
import { createTerminatorContext, type TerminatorContext, type TerminatorDeps } from '../context.ts';

/** Makes what speaks TLS with the clients of a listener, and hands them to the proxy of its service. */
export function createTlsTerminator(deps: TerminatorDeps): ProtocolProxy {
  return new TlsTerminator(createTerminatorContext(deps));
}

/**
 * Refused clients in a second that get a handshake, and with it an answer. A handshake costs the processor as much as some requests, so
 * further ones are reset: otherwise clients beyond a limit could keep it busy.
 */
const MOST_REFUSED_EACH_SECOND = 100;
const SECOND = 1_000;

class TlsTerminator implements ProtocolProxy {
  readonly isFront = true;
  readonly #context: TerminatorContext;
  readonly #open = new OpenClients<Arrival>();
  #draining = false;
  /** Refused clients in the second that is going on. */
  #refused = 0;
  #second = -1;

  constructor(context: TerminatorContext) {
    this.#context = context;
  }

  /** The service of the proxy that gets the clients. */
  get service(): Service | undefined {
    return this.#context.proxy.service;
  }

  /** Clients with which TLS is being negotiated. */
  get open(): number {
    return this.#open.size;
  }

  get places(): ConnectionPlaces | undefined {
    return this.#context.proxy.places;
  }

  accept(client: ClientConnection): void {
    const { connection, address } = client;
    const refusal = this.places?.enter(connection, address);
    if (refusal !== undefined) return this.#turnAway(client, refusal);
    const arrival = new Arrival(this.#context, client, this.#forget);
    this.#open.add(arrival);
    arrival.start();
    if (this.#draining) arrival.drain();
  }

  #turnAway(client: ClientConnection, { error, mayAnswer }: ConnectionRefusal): void {
    if (mayAnswer) return this.refuse(client, error);
    client.connection.destroy(error);
    this.places?.leave(client.connection);
  }

  /** Negotiates TLS, so that the proxy can answer the client. */
  refuse(client: ClientConnection, error: ProxyError): void {
    const second = Math.floor(performance.now() / SECOND);
    this.#refused = second === this.#second ? this.#refused + 1 : 1;
    this.#second = second;
    if (this.#refused > MOST_REFUSED_EACH_SECOND) {
      this.places?.leave(client.connection);
      return client.connection.destroy(error);
    }
    const arrival = new Arrival(this.#context, client, this.#forget, error);
    this.#open.add(arrival);
    arrival.start();
  }

  /** Clients that have sent something are handed on, so that the proxy can tell them that it closes. */
  async drain(listener?: SockAddr, patience?: Patience): Promise<void> {
    if (listener === undefined) this.#draining = true;
    const draining = [...this.#open].filter(({ client }) => listener === undefined || client.listener === listener);
    for (const arrival of draining) arrival.drain();
    await this.#open.gone(draining);
    await Promise.all(this.#context.proxies.map((proxy) => proxy.drain(listener, patience)));
  }

  /** Handshakes that are going on are finished: the proxy passes their clients on to its own successor. */
  retire(): void {}

  gone(): Promise<void> {
    return this.#open.gone();
  }

  close(): void {
    for (const arrival of this.#open) arrival.destroy();
    this.#context.contexts.close();
  }

  closeOnly(what: 'tunnels' | 'requests'): number {
    if (what === 'tunnels') return 0;
    const { open } = this;
    for (const arrival of this.#open) arrival.destroy();
    return open;
  }

  readonly #forget = (arrival: Arrival): void => {
    this.#open.delete(arrival);
  };
}
