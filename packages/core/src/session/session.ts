import type { HostPort, SockAddr } from '../base/address.ts';
import { type AbortListener, tellListeners } from '../base/cancellation.ts';
import type { MetConditions } from '../conditions/request-condition.ts';
import { sessionChannel } from '../diagnostics/channels.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { ClientTls } from '../policy/client-tls.ts';
import { announceRoute, announceSession } from './announce-session.ts';
import type { RequestView } from './request-view.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';
import type { ServiceRules } from './service-rules.ts';
import type { Attempt } from './session-outcome.ts';
import type { Chooser, ClientConnection, OuterServer, SessionRoute, SessionView } from './session-view.ts';
import type { SessionWriter } from './session-writer.ts';

let lastId = 0;

let writer: SessionWriter<Session>;

/**
 * One request or one tunnel: who asks for what, and the outcome. Seed: session.
 *
 * Chainers and listeners of sessions read it: see {@link SessionView}. Assigning to any property throws a `TypeError`, except to
 * `chainerNote`. Core and the protocol proxies write by `sessionWriter`.
 *
 * It has no superclass, because V8 inlines no constructor of a class whose superclass has fields, and each request makes a session.
 */
export class Session implements SessionView {
  readonly #id: number;
  readonly #client: ClientConnection;
  readonly #service: ServiceRules;
  #target: HostPort | undefined = undefined;
  #method: string | undefined = undefined;
  #user: string | undefined = undefined;
  #groups: readonly string[] | undefined = undefined;
  #met: MetConditions = undefined;
  #route: SessionRoute | undefined = undefined;
  #serverAddress: SockAddr | undefined = undefined;
  #resolvedAddress: SockAddr | undefined = undefined;
  #serverChosenBy: Chooser | undefined = undefined;
  #decision: AccessDecision | undefined = undefined;
  #connected = false;
  #serverTls: ServerTlsFacts | undefined = undefined;
  #mayReuse = true;
  /** Undefined for no limit. Not Infinity, because V8 makes an object of a number in a field that is no small integer. */
  #maxIdleTime: number | undefined = undefined;
  #lookingUp: string | undefined = undefined;
  #attempts: Attempt[] | undefined = undefined;
  #request: RequestView | undefined = undefined;
  #aborted = false;
  #controller: AbortController | undefined = undefined;
  #abortListeners: AbortListener[] | undefined = undefined;

  chainerNote: unknown = undefined;

  /** `first`: a session of the same request, which this one stands beside. */
  constructor(client: ClientConnection, service: ServiceRules, first?: Session) {
    this.#id = first === undefined ? ++lastId : first.#id;
    this.#client = client;
    this.#service = service;
    if (client.serverStream !== undefined) {
      this.#user = client.serverStream.session.user;
      this.#groups = client.serverStream.session.groups;
      this.#serverAddress = client.serverStream.remote;
    } else if (client.tls !== undefined) this.#user = client.tls.certificate?.identity;
    if (first !== undefined) this.#standBeside(first);
    else if (sessionChannel.hasSubscribers && client.isProxyItself !== true) announceSession(this);
  }

  #standBeside(first: Session): void {
    this.#target = first.#target;
    this.#method = first.#method;
    this.#user = first.#user;
    this.#groups = first.#groups;
    this.#met = first.#met;
    this.#route = first.#route;
    this.#request = first.#request;
    this.#maxIdleTime = first.#maxIdleTime;
  }

  get id(): number {
    return this.#id;
  }

  get client(): ClientConnection {
    return this.#client;
  }

  get service(): ServiceRules {
    return this.#service;
  }

  get target(): HostPort | undefined {
    return this.#target;
  }

  get method(): string | undefined {
    return this.#method;
  }

  get user(): string | undefined {
    return this.#user;
  }

  get groups(): readonly string[] | undefined {
    return this.#groups;
  }

  get met(): MetConditions {
    return this.#met;
  }

  get tls(): ClientTls | undefined {
    return this.#client.tls ?? this.#client.serverStream?.session.tls;
  }

  get route(): SessionRoute | undefined {
    return this.#route;
  }

  get serverAddress(): SockAddr | undefined {
    return this.#serverAddress;
  }

  get resolvedAddress(): SockAddr | undefined {
    return this.#resolvedAddress;
  }

  get serverChosenBy(): Chooser | undefined {
    return this.#serverChosenBy;
  }

  get decision(): AccessDecision | undefined {
    return this.#decision;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get serverTls(): ServerTlsFacts | undefined {
    return this.#serverTls;
  }

  get mayReuse(): boolean {
    return this.#mayReuse;
  }

  get maxIdleTime(): number {
    return this.#maxIdleTime ?? Infinity;
  }

  get lookingUp(): string | undefined {
    return this.#lookingUp;
  }

  get attempts(): readonly Attempt[] | undefined {
    return this.#attempts;
  }

  get request(): RequestView | undefined {
    return this.#request;
  }

  get serverStream(): OuterServer | undefined {
    return this.#client.serverStream;
  }

  get parent(): SessionView | undefined {
    return this.#client.serverStream?.session;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    // Mostly it stays the only one: a list that grows has room for many more.
    if (this.#abortListeners === undefined) this.#abortListeners = [listener];
    else this.#abortListeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const listeners = this.#abortListeners;
    const left = listeners?.length === 1 && listeners[0] === listener ? undefined : listeners;
    this.#abortListeners = left?.filter((other) => other !== listener);
  }

  requireFreshServer(): void {
    this.#mayReuse = false;
  }

  noteLookup(name: string | undefined): void {
    this.#lookingUp = name;
  }

  rememberServer(): () => void {
    const [address, resolved, chosenBy] = [this.#serverAddress, this.#resolvedAddress, this.#serverChosenBy];
    const decision = this.#decision;
    return () => {
      this.#serverAddress = address;
      this.#resolvedAddress = resolved;
      this.#serverChosenBy = chosenBy;
      this.#decision = decision;
    };
  }

  static {
    writer = {
      setTarget: (session, target) => void (session.#target = target),
      setMethod: (session, method) => void (session.#method = method),
      setUser(session, user, groups) {
        session.#user = user;
        session.#groups = groups;
      },
      setMet: (session, met) => void (session.#met = met),
      setRoute(session, route) {
        session.#route = route;
        if (sessionChannel.hasSubscribers) announceRoute(session, route);
      },
      setServer(session, address, resolved, chosenBy) {
        session.#serverAddress = address;
        session.#resolvedAddress = resolved;
        session.#serverChosenBy = chosenBy;
      },
      takeServerOf(session, beside) {
        session.#serverAddress = beside.#serverAddress;
        session.#resolvedAddress = beside.#resolvedAddress;
        session.#serverChosenBy = beside.#serverChosenBy;
        session.#decision = beside.#decision;
        session.#serverTls = beside.#serverTls;
        if (beside.#attempts !== undefined) session.#attempts = [...(session.#attempts ?? []), ...beside.#attempts];
      },
      setDecision: (session, decision) => void (session.#decision = decision),
      setConnected: (session, connected) => void (session.#connected = connected),
      setServerTls: (session, facts) => void (session.#serverTls = facts),
      limitIdleTime: (session, milliseconds) => void (session.#maxIdleTime = milliseconds),
      addAttempt(session, attempt) {
        // Mostly it stays the only one: a list that grows has room for many more.
        if (session.#attempts === undefined) session.#attempts = [attempt];
        else session.#attempts.push(attempt);
      },
      setRequest: (session, request) => void (session.#request = request),
      abort(session) {
        if (session.#aborted) return;
        session.#aborted = true;
        session.#controller?.abort();
        const listeners = session.#abortListeners ?? [];
        session.#abortListeners = undefined;
        tellListeners(listeners);
      },
    };
  }
}

/** Made by {@link Session}, because only code of the class can write its private fields. */
export const sessionWriter: SessionWriter<Session> = writer;

/**
 * A session of the same request as `first`, with the same id, for the time in which two servers have it. It is in no log, and neither its start
 * nor its end is published. Whoever makes it ends it: `Chainer.sessionEnded` hears of both.
 */
export function besideSession(first: Session): Session {
  return new Session(first.client, first.service, first);
}
