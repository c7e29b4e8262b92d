import {
  type ClientConnection,
  type ConnectionPlaces,
  type ConnectionRefusal,
  type LiveClient,
  type LiveSession,
  OpenClients,
  type Patience,
  type ProtocolProxy,
  type ProxyError,
  type Service,
  type SockAddr,
  type StoppedBy,
} from '@inband/core';
import { Http1ClientConnection } from './client/client-connection.ts';
import type { OtherProtocols } from './client/other-protocols.ts';
import type { ConnectionOwner, OpenConnection } from './exchange/open-connection.ts';
import { planOf, type ExchangePlan } from './exchange/plan.ts';
import { closeSteps, stepsOf } from './exchange/steps.ts';
import type { Step } from './exchange/steps/step.ts';
import { Http1ServerSide } from './server/server-side.ts';
import { createContext, type ContextDeps, type HttpContext } from './service/context.ts';

export interface HttpProxyDeps extends ContextDeps {
  /** Called with each step of the service, in order. The step that it returns is used instead. `inband explain` watches steps by it. */
  readonly watchStep?: ((step: Step) => Step) | undefined;
}

/** Speaks HTTP/1 with clients and servers on behalf of one service. Seed: HttpProxy. */
export function createHttpProxy(deps: HttpProxyDeps): ProtocolProxy {
  const context = createContext(deps);
  const all = stepsOf(context);
  const steps = deps.watchStep === undefined ? all : all.map(deps.watchStep);
  const plan = planOf(context, steps, (exchange, session, server) => {
    return new Http1ServerSide(context, exchange, session, server);
  });
  return new HttpProxy(plan, steps);
}

/**
 * The proxies of one service over configurations. Each of them refers to this and not to the next one, so that one that is still in use
 * keeps none of those between it and the latest.
 */
interface Succession {
  /** Gets the clients, except those of outer services. */
  latest: HttpProxy;
}

/** Exported for what stands in front of it. */
export class HttpProxy implements ProtocolProxy, ConnectionOwner {
  readonly plan: ExchangePlan;
  /** Empty once they are closed. */
  readonly #steps: Step[];
  readonly #open = new OpenClients<OpenConnection>();
  #draining = false;
  patience: Patience = 'none';
  isRetired = false;
  /** Set once there is a newer configuration. */
  #succession: Succession | undefined = undefined;

  constructor(plan: ExchangePlan, steps: Step[]) {
    this.plan = plan;
    this.#steps = steps;
  }

  get #context(): HttpContext {
    return this.plan.context;
  }

  get service(): Service {
    return this.#context.service;
  }

  get open(): number {
    return this.#open.size;
  }

  accept(client: ClientConnection, others?: OtherProtocols): void {
    const successor = this.#successor();
    if (successor !== undefined && isDirect(client)) {
      this.#leaveUnless(successor, client);
      return successor.accept(client, others);
    }
    const refusal = this.places?.enter(client.connection, client.address);
    if (refusal !== undefined) return this.#turnAway(client, refusal, others);
    const connection = new Http1ClientConnection(this, client, others);
    this.#open.add(connection);
    connection.closing = this.#draining || (this.isRetired && isDirect(client));
    connection.start();
  }

  get places(): ConnectionPlaces | undefined {
    return this.#context.limits?.connections;
  }

  #turnAway(client: ClientConnection, { error, mayAnswer }: ConnectionRefusal, others?: OtherProtocols): void {
    if (mayAnswer) return this.refuse(client, error, others);
    client.connection.destroy(error);
    this.places?.leave(client.connection);
  }

  /** Reads its first request, for a short time, so that the answer is one that it understands. */
  refuse(client: ClientConnection, error: ProxyError, others?: OtherProtocols): void {
    // It does not know of a proxy, and takes the answer for its server's.
    if (this.#context.service.mode === 'transparent') {
      this.places?.leave(client.connection);
      return client.connection.destroy(error);
    }
    const connection = new Http1ClientConnection(this, client, others);
    this.#open.add(connection);
    connection.refuse(error);
  }

  *sessions(): Generator<LiveSession> {
    for (const { live } of this.#open) if (live !== undefined) yield live;
  }

  *clients(): Generator<LiveClient> {
    const { service } = this;
    for (const connection of this.#open) {
      const { client, live } = connection;
      yield { client, service: service.name, live, close: () => connection.destroy() };
    }
  }

  drain(listener?: SockAddr, patience: Patience = 'none'): Promise<void> {
    if (listener !== undefined) return this.#drain(({ client }) => client.listener === listener, patience);
    this.#draining = true;
    this.patience = patience;
    return this.#drain(() => true, patience);
  }

  #drain(isMeant: (connection: OpenConnection) => boolean, patience: Patience = 'none'): Promise<void> {
    const draining = [...this.#open].filter(isMeant);
    for (const connection of draining) connection.closing = true;
    // A request that has arrived on an idle connection is still served, because the event loop delivers it first.
    setImmediate(() =>
      setImmediate(() => {
        for (const connection of draining) connection.drain(patience);
      }),
    );
    return this.#open.gone(draining);
  }

  retire(successor: ProtocolProxy | undefined): void {
    this.isRetired = true;
    if (!(successor instanceof HttpProxy)) return void this.#drain(({ client }) => isDirect(client));
    this.#succession ??= { latest: successor };
    this.#succession.latest = successor;
    successor.#succession = this.#succession;
    for (const connection of this.#open) connection.move();
  }

  /** A place would be kept for ever by a successor that limits no connections. */
  #leaveUnless(successor: HttpProxy, { connection }: ClientConnection): void {
    if (successor.places === undefined) this.places?.leave(connection);
  }

  gone(): Promise<void> {
    return this.#open.gone();
  }

  /** @internal Takes over a connection. Undefined: this proxy keeps it. */
  moveToSuccessor(connection: OpenConnection): ConnectionOwner | undefined {
    const successor = this.#successor();
    if (successor === undefined || !isDirect(connection.client)) return undefined;
    this.#open.delete(connection);
    successor.#open.add(connection);
    this.#leaveUnless(successor, connection.client);
    if (successor.#draining) connection.closing = true;
    return successor;
  }

  /** The newest, because a connection may have been busy while several configurations came and went. */
  #successor(): HttpProxy | undefined {
    const latest = this.#succession?.latest;
    return latest === this ? undefined : latest;
  }

  closeOnly(what: 'tunnels' | 'requests', by: StoppedBy): number {
    this.#context.end[what === 'tunnels' ? 'tunnel' : 'request'] ??= by;
    const meant = [...this.#open].filter(({ isTunnel }) => isTunnel === (what === 'tunnels'));
    for (const connection of meant) connection.destroy();
    return meant.length;
  }

  close(by: StoppedBy = 'shutdown.grace'): void {
    this.#context.end.request ??= by;
    this.#context.end.tunnel ??= by;
    for (const client of this.#open) client.destroy();
    closeSteps(this.#steps.splice(0), this.#context.logger);
    this.#context.requestReaders.close();
    this.#context.responseReaders.close();
  }

  /** @internal */
  replace(connection: OpenConnection, other: OpenConnection): void {
    this.#open.replace(connection, other);
  }

  /** @internal */
  forget(connection: OpenConnection): void {
    this.#open.delete(connection);
    this.places?.leave(connection.client.connection);
  }
}

/** Whether a client came to a listener, and not by a session of an outer service. */
function isDirect({ serverStream }: ClientConnection): boolean {
  return serverStream === undefined;
}
