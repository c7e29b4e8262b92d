import {
  definePlugin,
  isPromise,
  ProxyError,
  stackProxy,
  type AnswerField,
  type Chainer,
  type ChainerDeps,
  type MaybePromise,
  type RetriedFailures,
  type ServerConnection,
  type ServerFailure,
  type Session,
  type SessionOutcome,
} from '@inband/core';
import { z } from 'zod';
import { configurationError } from './options/configuration-error.ts';
import { nestedChainer } from './options/options.ts';
import { serviceName } from './options/references.ts';

/** The service in between, and the chainer that connects to the server. */
export interface SidestackOptions {
  /** The name of the service in between. */
  readonly service: string;
  /** Connects to the server. */
  readonly chainer: Chainer;
}

/** Connects by another chainer, and puts another service of this process in between. */
export class SidestackChainer implements Chainer {
  readonly kind = 'sidestack';
  readonly service: string;
  readonly chainer: Chainer;
  /** What `chainer` adds to answers, if it does. */
  readonly answerFields?: (session: Session) => readonly AnswerField[] | undefined;
  readonly #proxies: ChainerDeps['proxies'];

  constructor({ service, chainer }: SidestackOptions, deps: Pick<ChainerDeps, 'proxies'>) {
    this.service = service;
    this.chainer = chainer;
    this.#proxies = deps.proxies;
    if (chainer.answerFields !== undefined) this.answerFields = (session) => chainer.answerFields?.(session);
  }

  get speaksTls(): boolean {
    return this.chainer.speaksTls === true;
  }

  get looksAtRequest(): boolean {
    return this.chainer.looksAtRequest === true;
  }

  get ownCookie(): string | undefined {
    return this.chainer.ownCookie;
  }

  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    // The stacked service cannot ask for another connection if an idle one turns out to be closed.
    session.requireFreshServer();
    const server = this.chainer.connectServer(session, host, port);
    return isPromise(server) ? this.#stackLater(session, server) : this.#stack(session, server);
  }

  get retriedFailures(): RetriedFailures | undefined {
    return this.chainer.retriedFailures;
  }

  serverFailed(session: Session, failure: ServerFailure): boolean {
    return this.chainer.serverFailed?.(session, failure) === true;
  }

  sessionEnded(session: Session, outcome: SessionOutcome): void {
    this.chainer.sessionEnded?.(session, outcome);
  }

  /** A session of the service in between was failed by the server, and has answered that. */
  #innerFailed(session: Session, error: ProxyError): void {
    this.chainer.serverFailed?.(session, { cause: 'reset', error, mayRepeat: false });
  }

  async #stackLater(session: Session, pending: Promise<ServerConnection>): Promise<ServerConnection> {
    return this.#stack(session, await pending);
  }

  #stack(session: Session, server: ServerConnection): MaybePromise<ServerConnection> {
    const proxy = this.#proxies.get(this.service);
    if (proxy !== undefined && !session.aborted) {
      return stackProxy(proxy, session, server, (error) => this.#innerFailed(session, error));
    }
    server.destroy();
    if (proxy === undefined) {
      return Promise.reject(configurationError(`There is no service "${this.service}".`, 'chainer.service'));
    }
    return Promise.reject(new ProxyError('connection_terminated', 'The client went away.', { address: server.remote }));
  }
}

export const sidestackOptions = z
  .strictObject({
    service: serviceName.describe('The service whose proxy goes between this one and the server.'),
    chainer: nestedChainer.describe('How the server is reached.'),
  })
  .describe('Sends what goes to the server through another service of this process before it leaves.');

export const sidestackPlugin = definePlugin<z.output<typeof sidestackOptions>>({
  provides: 'chainer',
  kind: 'sidestack',
  schema: sidestackOptions,
  // It does not dial itself; the nested chainer's plugin says this for its servers.
  serverChosenBy: 'client',
  usesZones: false,
  nested: ['chainer'],
  stacks: ['service'],
  create: ({ service }, deps) => new SidestackChainer({ service, chainer: deps.nestedChainer('chainer') }, deps),
});
