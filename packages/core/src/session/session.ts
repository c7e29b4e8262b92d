import type { HostPort, SockAddr } from '../base/address.ts';
import { type AbortListener, type Cancellation, tellListeners } from '../base/cancellation.ts';
import type { Connection } from '../base/connection.ts';
import type { ProxyError, ProxyErrorCode } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { sessionChannel } from '../diagnostics/channels.ts';
import type { MetConditions } from '../conditions/request-condition.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { ClientTls } from '../policy/client-tls.ts';
import { announceRoute, announceSession } from './announce-session.ts';
import type { RequestView } from './request-view.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';
import type { ServiceRules } from './service-rules.ts';

/** A client's connection to one of our listeners, or to a proxy stacked in another. It lives as long as its `connection`. */
export interface ClientConnection {
  /** Unique in this process. */
  readonly id: number;
  readonly connection: Connection;
  /** The client's address: that of the other end of the connection, or what a trusted proxy there says of its client. */
  readonly address: SockAddr;
  /** The other end of the connection, where `address` is what a trusted proxy says. Undefined where they are the same. */
  readonly peer?: SockAddr | undefined;
  /** What the client speaks, where a trusted proxy says that. */
  readonly scheme?: 'http' | 'https' | undefined;
  /** The address on which it was accepted. */
  readonly local: SockAddr;
  /** The bound address of the listener that accepted it. `local` differs from it when it is a wildcard. */
  readonly listener: SockAddr;
  /** The address to which an intercepted client was connecting, on a transparent listener. */
  readonly originalDestination?: SockAddr | undefined;
  /** The server connection of the proxy in which this one is stacked, where the client is such a proxy. */
  readonly serverStream?: OuterServer | undefined;
  /** Gives bytes away that a listener has read already: they come before those of the connection. */
  takeReceived?(): Buffer | undefined;
  /** What TLS with it made, where its listener speaks TLS. */
  readonly tls?: ClientTls | undefined;
  /** No client: the proxy does something of its own accord. See `ownSession`. */
  readonly isProxyItself?: true;
  /** The time that counts for its requests, in milliseconds since 1970, where that is not now: `inband explain` asks about other times. */
  readonly at?: number | undefined;
  /** What it speaks, where a listener accepts several protocols and it is not HTTP. */
  readonly protocol?: 'socks4' | 'socks5';
}

/** The other end of a client's connection. What protects this proxy and its machine counts by that, and not by what somebody says. */
export function peerOf({ peer, address }: ClientConnection): SockAddr {
  return peer ?? address;
}

/** The server to which the outer proxy of a stacked one has connected. `ServerStream` implements it. */
export interface OuterServer {
  /** The session of the outer proxy. */
  readonly session: Session;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  /** Why it is closed, if the server ended it while no session used it. */
  readonly failure: ProxyError | undefined;
  /**
   * Hands it to a session, after the access check of that session's service: the session owns it until it releases or
   * destroys it. Rejects with a {@link ProxyError} when another session uses it, when it is closed, and when policy denies it.
   */
  pickUp(session: Session): MaybePromise<ServerConnection>;
}

/** How a session ended, for the chainer that has connected it. */
export interface SessionOutcome {
  /** Status of the answer that was begun; 0 when none was. */
  readonly status: number;
  /** Milliseconds to the first byte from the server. */
  readonly wait: number | undefined;
  readonly error: ProxyError | undefined;
  /**
   * The server connection had been idle before. If it ended without a byte, the server may just have closed it as it does with idle ones, so
   * that the error says nothing about the server.
   */
  readonly reused: boolean;
}

/** The part of a `Route` that a session shows. */
export interface SessionRoute {
  /** Its path in the configuration: `services.web.routes[0]`. */
  readonly name: string;
  readonly chainer: {
    readonly kind: string;
    /** See `Chainer.relaysConnect`. */
    readonly relaysConnect?: boolean;
    /** See `Chainer.sessionEnded`. */
    sessionEnded?(session: Session, outcome: SessionOutcome): void;
  };
}

/** One try to reach a server. */
export interface Attempt {
  readonly address: SockAddr;
  /** Milliseconds from the start of the attempt to its end. */
  readonly duration: number;
  /** Absent when it succeeded. */
  readonly error?: ProxyErrorCode;
  /** The server as the configuration names it, `api.internal:8080`; undefined where the client named it. */
  readonly server?: string | undefined;
}

type Chooser = 'client' | 'operator';

let lastId = 0;

/** Set by {@link Session}, which alone can see its private fields. */
export let sessionWriter: SessionWriter;

/** Has a session say of its server what one of {@link besideSession} says, whose server has answered. */
export let takeServerOf: (session: Session, beside: Session) => void;

/**
 * One request or one tunnel: who asks for what, and the outcome. Seed: session.
 *
 * Chainers and listeners of sessions read it. Assigning to any property throws a `TypeError`, except to `chainerNote`,
 * because access decisions and the audit log are made from the others. Core and the protocol proxies write by
 * `sessionWriter`.
 *
 * It has no superclass, because V8 inlines no constructor of a class whose superclass has fields, and each request makes a session.
 */
export class Session implements Cancellation {
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

  /** A value of the chainer's own about this session. Only the chainer writes and reads it. */
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

  /** Unique in this process. */
  get id(): number {
    return this.#id;
  }

  /** The connection on which it was asked for. */
  get client(): ClientConnection {
    return this.#client;
  }

  /** The service that decides about it. */
  get service(): ServiceRules {
    return this.#service;
  }

  /** What the client asked for, as written; never dialled. */
  get target(): HostPort | undefined {
    return this.#target;
  }

  /** `CONNECT`, `GET`, …; undefined for protocols without methods. */
  get method(): string | undefined {
    return this.#method;
  }

  /** The authenticated user, or whom the client's certificate names. A stacked session starts with the user of its parent. */
  get user(): string | undefined {
    return this.#user;
  }

  /** The groups of the user, as the configuration or a token has them. Undefined where nobody was authenticated. */
  get groups(): readonly string[] | undefined {
    return this.#groups;
  }

  /**
   * Those conditions of access rules and routes that the request meets, as it was when it was understood. Undefined where none has conditions
   * on requests, and where there is no request.
   */
  get met(): MetConditions {
    return this.#met;
  }

  /** What TLS with the client made; in a stacked session, with the client of the outermost one. */
  get tls(): ClientTls | undefined {
    return this.#client.tls ?? this.#client.serverStream?.session.tls;
  }

  /** The route that matched, once it is known. */
  get route(): SessionRoute | undefined {
    return this.#route;
  }

  /** The resolved server address. It is set before the access check, also when that denies; in a stacked session from the start. */
  get serverAddress(): SockAddr | undefined {
    return this.#serverAddress;
  }

  /** The server's address before address translation; undefined when that changed nothing. */
  get resolvedAddress(): SockAddr | undefined {
    return this.#resolvedAddress;
  }

  /** Who chose `serverAddress`; undefined before the access check. */
  get serverChosenBy(): Chooser | undefined {
    return this.#serverChosenBy;
  }

  /** The decision of policy on `serverAddress`; undefined before the access check. */
  get decision(): AccessDecision | undefined {
    return this.#decision;
  }

  /** Whether the protocol proxy has a server connection; false again while it waits for another one. */
  get connected(): boolean {
    return this.#connected;
  }

  /** What the TLS handshake with the server made, where the connection to it has TLS. */
  get serverTls(): ServerTlsFacts | undefined {
    return this.#serverTls;
  }

  /** Whether an idle server connection may be used: see {@link Session.requireFreshServer}. */
  get mayReuse(): boolean {
    return this.#mayReuse;
  }

  /** The most milliseconds that a server connection may have been idle to be reused for this session. */
  get maxIdleTime(): number {
    return this.#maxIdleTime ?? Infinity;
  }

  /** The name that a chainer is looking up for it now: see {@link Session.noteLookup}. */
  get lookingUp(): string | undefined {
    return this.#lookingUp;
  }

  /** Dials so far, in order. Undefined while there was none. */
  get attempts(): readonly Attempt[] | undefined {
    return this.#attempts;
  }

  /**
   * What was asked for, as long as the session may be connected. Undefined for chainers that do not say `Chainer.looksAtRequest`, once the
   * answer has begun, and where there is no request: in a session of the TLS guard, for example.
   */
  get request(): RequestView | undefined {
    return this.#request;
  }

  /** The server connection of the outer proxy, if this proxy is stacked in one, to be picked up once. Seed: server_fd. */
  get serverStream(): OuterServer | undefined {
    return this.#client.serverStream;
  }

  /** The session of the proxy in which this one is stacked. */
  get parent(): Session | undefined {
    return this.#client.serverStream?.session;
  }

  /** Whether nobody needs the outcome any more, because the client has closed its connection, for example. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborted with it, so that dials and look-ups stop. Created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Calls `listener` once when it is aborted. Costs less than a listener of `signal`. */
  addEventListener(_type: 'abort', listener: AbortListener): void {
    // Mostly it stays the only one: a list that grows has room for many more.
    if (this.#abortListeners === undefined) this.#abortListeners = [listener];
    else this.#abortListeners.push(listener);
  }

  /** Takes back what `addEventListener` was given. */
  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const listeners = this.#abortListeners;
    const left = listeners?.length === 1 && listeners[0] === listener ? undefined : listeners;
    this.#abortListeners = left?.filter((other) => other !== listener);
  }

  /**
   * From now on no idle connection is used for this session. A chainer may call it, too. For example one that stacks a
   * proxy between the session and its server, because that proxy cannot connect again if an idle connection is dead.
   */
  requireFreshServer(): void {
    this.#mayReuse = false;
  }

  /**
   * For chainers that look a name up: which one, and undefined when that is done. If the time for connecting is over meanwhile, the error says
   * that it was the name.
   */
  noteLookup(name: string | undefined): void {
    this.#lookingUp = name;
  }

  /**
   * Returns a function that restores what the session says about its server now (address, decision). It is for a chainer
   * that tries several servers at once: the session must say in the end which of them the outcome is about.
   */
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
    takeServerOf = (session, beside) => {
      session.#serverAddress = beside.#serverAddress;
      session.#resolvedAddress = beside.#resolvedAddress;
      session.#serverChosenBy = beside.#serverChosenBy;
      session.#decision = beside.#decision;
      session.#serverTls = beside.#serverTls;
      if (beside.#attempts !== undefined) session.#attempts = [...(session.#attempts ?? []), ...beside.#attempts];
    };
    sessionWriter = {
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

/**
 * A session of the same request as `first`, with the same id, for the time in which two servers have it. It is in no log, and neither its start
 * nor its end is published. Whoever makes it ends it: `Chainer.sessionEnded` hears of both.
 */
export function besideSession(first: Session): Session {
  return new Session(first.client, first.service, first);
}

/**
 * The writing side of {@link Session}, for core and the protocol proxies: see the properties of the session. The entry of
 * the package `inband` does not export it, so that a plugin cannot change what policy decided and the audit log says.
 */
export interface SessionWriter {
  setTarget(session: Session, target: HostPort | undefined): void;
  setMethod(session: Session, method: string | undefined): void;
  /** For the step that authenticates the client. */
  setUser(session: Session, user: string | undefined, groups?: readonly string[]): void;
  /** For the step that looks at the request for rules and routes. */
  setMet(session: Session, met: MetConditions): void;
  setRoute(session: Session, route: SessionRoute): void;
  /** `resolved` is the address before translation where that changed it, else undefined. */
  setServer(session: Session, address: SockAddr, resolved: SockAddr | undefined, chosenBy: Chooser | undefined): void;
  setDecision(session: Session, decision: AccessDecision | undefined): void;
  setConnected(session: Session, connected: boolean): void;
  setServerTls(session: Session, facts: ServerTlsFacts | undefined): void;
  /** Milliseconds, see {@link Session.maxIdleTime}. */
  limitIdleTime(session: Session, milliseconds: number): void;
  addAttempt(session: Session, attempt: Attempt): void;
  setRequest(session: Session, request: RequestView | undefined): void;
  /** Sets `aborted` and calls the listeners, once. What they throw is a warning. */
  abort(session: Session): void;
}
