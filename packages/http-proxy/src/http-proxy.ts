import { type ClientConnection, OpenClients, type ProtocolProxy, type ProxyError, type Service } from '@inband/core';
import { Http1ClientConnection } from './client/client-connection.ts';
import { planOf, type ExchangePlan } from './exchange/plan.ts';
import { closeSteps, stepsOf } from './exchange/steps.ts';
import type { Step } from './exchange/steps/step.ts';
import { Http1ServerSide } from './server/server-side.ts';
import { createContext, type ContextDeps, type HttpContext } from './service/context.ts';

export interface HttpProxyDeps extends ContextDeps {
  /** Given each step that the service has, in order; what it returns is used instead. For whoever explains what happens. */
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

class HttpProxy implements ProtocolProxy {
  readonly #plan: ExchangePlan;
  /** Empty once they are closed. */
  readonly #steps: Step[];
  readonly #open = new OpenClients<Http1ClientConnection>();
  #draining = false;

  constructor(plan: ExchangePlan, steps: Step[]) {
    this.#plan = plan;
    this.#steps = steps;
  }

  get #context(): HttpContext {
    return this.#plan.context;
  }

  get service(): Service {
    return this.#context.service;
  }

  get open(): number {
    return this.#open.size;
  }

  accept(client: ClientConnection): void {
    const connection = new Http1ClientConnection(this.#plan, client, this.#forget);
    this.#open.add(connection);
    connection.closing = this.#draining;
    connection.start();
  }

  /** Reads its first request, for a short time, so that the answer is one that it understands. */
  refuse(client: ClientConnection, error: ProxyError): void {
    // It does not know of a proxy, and takes the answer for its server's.
    if (this.#context.service.mode === 'transparent') return client.connection.destroy(error);
    const connection = new Http1ClientConnection(this.#plan, client, this.#forget);
    this.#open.add(connection);
    connection.refuse(error);
  }

  drain(): Promise<void> {
    this.#draining = true;
    for (const client of this.#open) client.closing = true;
    // A request that has arrived on an idle connection is not too late: the event loop delivers it first.
    setImmediate(() => setImmediate(this.#closeIdle));
    return this.#open.gone();
  }

  close(): void {
    this.#context.end.stopped = true;
    for (const client of this.#open) client.destroy();
    closeSteps(this.#steps.splice(0), this.#context.logger);
    this.#context.requestReaders.close();
    this.#context.responseReaders.close();
  }

  readonly #closeIdle = (): void => {
    for (const client of this.#open) client.drain();
  };

  readonly #forget = (client: Http1ClientConnection): void => {
    this.#open.delete(client);
  };
}
