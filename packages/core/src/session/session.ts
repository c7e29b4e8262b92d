import type { HostPort, SockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { Connection } from '../base/connection.ts';
import { toProxyError, type ProxyError, type ProxyErrorCode } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { sessionChannel } from '../diagnostics/channels.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import { announceRoute, announceSession } from './announce-session.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServiceRules } from './service-rules.ts';

/** A client's connection to one of our listeners, or to a proxy stacked in another. It lives as long as its `connection`. */
export interface ClientConnection {
  readonly id: number;
  readonly connection: Connection;
  /** Where the client is. */
  readonly address: SockAddr;
  /** Where it reached us. */
  readonly local: SockAddr;
  /** The bound address of the listener that accepted it (`local` differs when that is a wildcard). */
  readonly listener: SockAddr;
  /** Where an intercepted client was going, on a transparent listener. */
  readonly originalDestination?: SockAddr;
  /** The server's side, where the client is a proxy in which this one is stacked. */
  readonly serverStream?: OuterServer;
}

/** The server to which the proxy around a stacked one has connected. The class that does it is `ServerStream`. */
export interface OuterServer {
  /** The session of the outer proxy. */
  readonly session: Session;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  /** Why it is gone, if the server ended it while no session had it. */
  readonly failure: ProxyError | undefined;
  /**
   * Hands it to a session, after the access check of that session's service: the session owns it until it releases or
   * destroys it. Rejects with a {@link ProxyError} when another has it, when it is gone, and when policy denies it.
   */
  pickUp(session: Session): MaybePromise<ServerConnection>;
}

/** The route of a session, as far as a session needs it: see `Route`. */
export interface SessionRoute {
  /** Its place in the configuration: `services.web.routes[0]`. */
  readonly name: string;
  readonly chainer: { readonly kind: string };
}

/** One try to reach a server. */
export interface Attempt {
  readonly address: SockAddr;
  /** Milliseconds from the start of the attempt to its end. */
  readonly duration: number;
  /** Absent when it succeeded. */
  readonly error?: ProxyErrorCode;
}

type Chooser = 'client' | 'operator';

let lastId = 0;

/** Set by {@link Session}, which alone can see its private fields. */
export let sessionWriter: SessionWriter;

/**
 * One request or one tunnel: who asks for what, and what became of it. Seed: session.
 *
 * Chainers and listeners of sessions read it. Assigning to any property throws a `TypeError`, except to `chainerNote`,
 * because access decisions and the audit log are made from the others. Core and the protocol proxies write by
 * `sessionWriter`.
 */
export class Session implements Cancellation {
  readonly #id: number = ++lastId;
  readonly #client: ClientConnection;
  readonly #service: ServiceRules;
  #target: HostPort | undefined = undefined;
  #method: string | undefined = undefined;
  #user: string | undefined = undefined;
  #route: SessionRoute | undefined = undefined;
  #serverAddress: SockAddr | undefined = undefined;
  #resolvedAddress: SockAddr | undefined = undefined;
  #serverChosenBy: Chooser | undefined = undefined;
  #decision: AccessDecision | undefined = undefined;
  #connected = false;
  #mayReuse = true;
  #maxIdleTime = Infinity;
  #attempts: Attempt[] | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #aborted = false;
  #listeners: (() => void)[] | undefined = undefined;

  /** What the chainer remembers about this session: the chainer's to write, and nobody else's. */
  chainerNote: unknown = undefined;

  constructor(client: ClientConnection, service: ServiceRules) {
    this.#client = client;
    this.#service = service;
    if (client.serverStream !== undefined) {
      this.#user = client.serverStream.session.user;
      this.#serverAddress = client.serverStream.remote;
    }
    if (sessionChannel.hasSubscribers) announceSession(this);
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

  /** The authenticated user; a stacked session begins with that of the session around it. */
  get user(): string | undefined {
    return this.#user;
  }

  /** The route that matched, once it is known. */
  get route(): SessionRoute | undefined {
    return this.#route;
  }

  /** The resolved server address; set before the access check, also when it denied. Stacked: from the beginning. */
  get serverAddress(): SockAddr | undefined {
    return this.#serverAddress;
  }

  /** The server's address before translation; set only when address translation changed it. */
  get resolvedAddress(): SockAddr | undefined {
    return this.#resolvedAddress;
  }

  /** Who chose `serverAddress`, for whoever evaluates it again; undefined while policy was not asked. */
  get serverChosenBy(): Chooser | undefined {
    return this.#serverChosenBy;
  }

  /** What policy said about `serverAddress`; undefined while it was not asked. */
  get decision(): AccessDecision | undefined {
    return this.#decision;
  }

  /** Whether the protocol proxy has been given a server connection; false again while it waits for another one. */
  get connected(): boolean {
    return this.#connected;
  }

  /** False once only a fresh server connection will do: see {@link Session.requireFreshServer}. */
  get mayReuse(): boolean {
    return this.#mayReuse;
  }

  /** For how many milliseconds a server connection may have been idle to be reused for this session. */
  get maxIdleTime(): number {
    return this.#maxIdleTime;
  }

  /** Dials so far, in order. Undefined while there was none. */
  get attempts(): readonly Attempt[] | undefined {
    return this.#attempts;
  }

  /** Set when this proxy is stacked in another: the server's side, to be picked up once. Seed: server_fd. */
  get serverStream(): OuterServer | undefined {
    return this.#client.serverStream;
  }

  /** The session of the proxy in which this one is stacked. */
  get parent(): Session | undefined {
    return this.#client.serverStream?.session;
  }

  /**
   * From now on no idle connection will do for this session. A chainer may ask for that too: one that puts something
   * between the session and its server, for example, which could not ask for another connection if an idle one were dead.
   */
  requireFreshServer(): void {
    this.#mayReuse = false;
  }

  /**
   * Returns what has the session say again what it says of its server now. For a chainer that tries several servers at
   * once: the last one called tells which of them the outcome is about.
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

  /** Whether nobody waits for this session's server any more. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborted when the client went away: dials and look-ups on its behalf stop. Made only when asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Has `listener` called once when the session is aborted: like its signal's, without making one. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  /** Takes back what `addEventListener` was given. */
  removeEventListener(_type: 'abort', listener: () => void): void {
    const left = this.#listeners?.filter((other) => other !== listener);
    this.#listeners = left?.length === 0 ? undefined : left;
  }

  static {
    sessionWriter = {
      setTarget: (session, target) => void (session.#target = target),
      setMethod: (session, method) => void (session.#method = method),
      setUser: (session, user) => void (session.#user = user),
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
      limitIdleTime: (session, milliseconds) => void (session.#maxIdleTime = milliseconds),
      addAttempt(session, attempt) {
        // Mostly it stays the only one: a list that grows has room for many more.
        if (session.#attempts === undefined) session.#attempts = [attempt];
        else session.#attempts.push(attempt);
      },
      abort(session) {
        if (session.#aborted) return;
        session.#aborted = true;
        session.#controller?.abort();
        const listeners = session.#listeners ?? [];
        session.#listeners = undefined;
        for (const listener of listeners) callAborted(listener);
      },
    };
  }
}

/**
 * The writing side of {@link Session}, for core and the protocol proxies: see the properties of the session. The entry of
 * the package `inband` does not export it, so that a plugin cannot change what policy decided and the audit log says.
 */
export interface SessionWriter {
  setTarget(session: Session, target: HostPort | undefined): void;
  setMethod(session: Session, method: string | undefined): void;
  /** For what authenticates the client. */
  setUser(session: Session, user: string | undefined): void;
  setRoute(session: Session, route: SessionRoute): void;
  /** `resolved` is the address before translation where that changed it, else undefined. */
  setServer(session: Session, address: SockAddr, resolved: SockAddr | undefined, chosenBy: Chooser | undefined): void;
  setDecision(session: Session, decision: AccessDecision | undefined): void;
  setConnected(session: Session, connected: boolean): void;
  /** Milliseconds, see {@link Session.maxIdleTime}. */
  limitIdleTime(session: Session, milliseconds: number): void;
  addAttempt(session: Session, attempt: Attempt): void;
  /** Nobody waits for this session's server any more. Calls the listeners once; what they throw is a warning. */
  abort(session: Session): void;
}

/** Whoever aborts is about to close sockets: a plugin's listener that throws must not keep it from that. */
function callAborted(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.emitWarning(`A listener of an aborted session threw: ${toProxyError(error).message}`, 'InbandWarning');
  }
}
