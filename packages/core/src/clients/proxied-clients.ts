import { formatSockAddr, type SockAddr } from '../base/address.ts';
import type { ProxyError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { RateLimitedLine } from '../base/rate-limited-line.ts';
import type { Timers } from '../base/timers.ts';
import type { Service } from '../routing/service.ts';
import type { ClientConnection } from '../session/session-view.ts';
import type { ConnectionGate } from './connection-gate.ts';
import { OpenClients } from './open-clients.ts';
import { FIRST_MOMENT, type Patience, type ProtocolProxy } from './protocol-proxy.ts';
import { type ArrivalContext, ProxiedArrival } from './proxied-arrival.ts';
import type { WaitingBytes } from './waiting-bytes.ts';

export const REFUSED_HEADER = 'closed a connection because of the PROXY protocol (docs/client-address.md)';

/** How a listener reads headers of the PROXY protocol. */
export interface ProxiedClientsOptions {
  /** Gets the clients. */
  readonly proxy: ProtocolProxy;
  /** Whose headers are believed. Nobody else's is read. */
  readonly trusts: (peer: SockAddr) => boolean;
  /** `optional`: who is not trusted is served without one, and who is trusted may leave it out. */
  readonly accept: 'required' | 'optional';
  /** Milliseconds for the header, from the accepted connection. */
  readonly timeout: number;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Bounds the incomplete headers of all connections. */
  readonly waitingBytes: WaitingBytes;
  /** What counts the clients of the listener, where something does. */
  readonly gate?: Pick<ConnectionGate, 'told'> | undefined;
}

/**
 * Reads the header of the PROXY protocol, with which trusted proxies say for whom they connect, in front of whatever serves the clients of a
 * listener: `address` of those is what the header says, and `peer` the proxy.
 */
export function createProxiedClients(options: ProxiedClientsOptions): ProtocolProxy {
  return new ProxiedClients(options);
}

class ProxiedClients implements ProtocolProxy {
  readonly isFront = true;
  readonly #context: ArrivalContext;
  readonly #trusts: (peer: SockAddr) => boolean;
  readonly #open = new OpenClients<ProxiedArrival>();
  #draining = false;

  constructor({ proxy, trusts, accept, timeout, timers, logger, waitingBytes, gate }: ProxiedClientsOptions) {
    const line = new RateLimitedLine((fields) => logger.warn(fields, REFUSED_HEADER));
    this.#trusts = trusts;
    this.#context = {
      proxy,
      isOptional: accept === 'optional',
      wait: timers.list(timeout),
      firstMoment: timers.list(Math.min(FIRST_MOMENT, timeout)),
      timeout,
      waitingBytes,
      gate,
      log: ({ address, listener }, why) =>
        line.log(() => ({ client: formatSockAddr(address), listener: formatSockAddr(listener), why })),
    };
  }

  get service(): Service | undefined {
    return this.#context.proxy.service;
  }

  /** Connections whose header is still to come. */
  get open(): number {
    return this.#open.size;
  }

  accept(client: ClientConnection): void {
    if (this.#trusts(client.address)) return this.#read(client, undefined);
    if (this.#context.isOptional) return this.#context.proxy.accept(client);
    this.#turnAway(client);
  }

  refuse(client: ClientConnection, error: ProxyError): void {
    if (this.#trusts(client.address)) return this.#read(client, error);
    const { proxy, isOptional } = this.#context;
    if (!isOptional) return this.#turnAway(client);
    if (proxy.refuse === undefined) client.connection.destroy(error);
    else proxy.refuse(client, error);
  }

  #read(client: ClientConnection, refusal: ProxyError | undefined): void {
    const arrival = new ProxiedArrival(this.#context, client, this.#forget, refusal);
    this.#open.add(arrival);
    arrival.start();
    if (this.#draining) arrival.drain();
  }

  #turnAway(client: ClientConnection): void {
    const why = 'It is not one of the trusted proxies (trustedProxies), and none of others is served here.';
    this.#context.log(client, why);
    client.connection.destroy(new Error(why));
  }

  async drain(listener?: SockAddr, patience?: Patience): Promise<void> {
    if (listener === undefined) this.#draining = true;
    const draining = [...this.#open].filter(({ client }) => listener === undefined || client.listener === listener);
    for (const arrival of draining) arrival.drain();
    await this.#open.gone(draining);
    await this.#context.proxy.drain(listener, patience);
  }

  /** Headers that are being read are read to the end: the proxy passes their clients on to its own successor. */
  retire(): void {}

  gone(): Promise<void> {
    return this.#open.gone();
  }

  close(): void {
    for (const arrival of this.#open) arrival.destroy();
  }

  closeOnly(what: 'tunnels' | 'requests'): number {
    if (what === 'tunnels') return 0;
    const { open } = this;
    this.close();
    return open;
  }

  readonly #forget = (arrival: ProxiedArrival): void => {
    this.#open.delete(arrival);
  };
}
