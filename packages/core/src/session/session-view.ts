import type { HostPort, SockAddr } from '../base/address.ts';
import type { Cancellation } from '../base/cancellation.ts';
import type { Connection } from '../base/connection.ts';
import type { ProxyError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { MetConditions } from '../conditions/request-condition.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { ClientTls } from '../policy/client-tls.ts';
import type { RequestView } from './request-view.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServerTlsFacts } from './server-tls-facts.ts';
import type { ServiceRules } from './service-rules.ts';
import type { Attempt, SessionOutcome } from './session-outcome.ts';

/*
 * A session, the connection of its client, its route and the server of the proxy around it refer to one another. So these four types are
 * in one file, below the class `Session` and below whatever implements the others.
 */

/**
 * What a chainer, a filter or a listener of sessions sees of a session. The class `Session` implements it. All of it can only be read, except `chainerNote`,
 * because access decisions and the audit log are made from it.
 */
export interface SessionView extends Cancellation {
  /** Unique in this process. */
  readonly id: number;
  /** The connection on which it was asked for. */
  readonly client: ClientConnection;
  /** The service that decides about it. */
  readonly service: ServiceRules;
  /** What the client asked for, as written; never dialled. */
  readonly target: HostPort | undefined;
  /** `CONNECT`, `GET`, …; undefined for protocols without methods. */
  readonly method: string | undefined;
  /** The authenticated user, or whom the client's certificate names. A stacked session starts with the user of its parent. */
  readonly user: string | undefined;
  /** The groups of the user, as the configuration or a token has them. Undefined where nobody was authenticated. */
  readonly groups: readonly string[] | undefined;
  /**
   * The conditions of access rules and routes that the request meets, as it was when it was understood. Undefined where none has conditions
   * on requests, and where there is no request.
   */
  readonly met: MetConditions;
  /** What TLS with the client made; in a stacked session, with the client of the outermost one. */
  readonly tls: ClientTls | undefined;
  /** The route that matched, once it is known. */
  readonly route: SessionRoute | undefined;
  /** The resolved server address. It is set before the access check, also when that denies; in a stacked session from the start. */
  readonly serverAddress: SockAddr | undefined;
  /** The server's address before address translation; undefined when that changed nothing. */
  readonly resolvedAddress: SockAddr | undefined;
  /** Who chose `serverAddress`; undefined before the access check. */
  readonly serverChosenBy: Chooser | undefined;
  /** The decision of policy on `serverAddress`; undefined before the access check. */
  readonly decision: AccessDecision | undefined;
  /** Whether the protocol proxy has a server connection; false again while it waits for another one. */
  readonly connected: boolean;
  /** What the TLS handshake with the server made, where the connection to it has TLS. */
  readonly serverTls: ServerTlsFacts | undefined;
  /** Whether an idle server connection may be used: see {@link SessionView.requireFreshServer}. */
  readonly mayReuse: boolean;
  /** The most milliseconds that a server connection may have been idle to be reused for this session. */
  readonly maxIdleTime: number;
  /** The name that a chainer is looking up for it now: see {@link SessionView.noteLookup}. */
  readonly lookingUp: string | undefined;
  /** Dials so far, in order. Undefined while there was none. */
  readonly attempts: readonly Attempt[] | undefined;
  /**
   * What was asked for, as long as the session may be connected. Undefined for chainers that do not say `Chainer.looksAtRequest`, once the
   * answer has begun, and where there is no request: in a session of the TLS guard, for example.
   */
  readonly request: RequestView | undefined;
  /** The server connection of the outer proxy, if this proxy is stacked in one, to be picked up once. Seed: server_fd. */
  readonly serverStream: OuterServer | undefined;
  /** The session of the proxy in which this one is stacked. */
  readonly parent: SessionView | undefined;
  /** Whether nobody needs the outcome any more, because the client has closed its connection, for example. */
  readonly aborted: boolean;
  /** Aborted with it, so that dials and look-ups stop. Created on first use. */
  readonly signal: AbortSignal;
  /**
   * From now on no idle connection is used for this session. A chainer may call it, too. For example one that stacks a
   * proxy between the session and its server, because that proxy cannot connect again if an idle connection is dead.
   */
  requireFreshServer(): void;
  /**
   * For chainers that look a name up: which one, and undefined when that is done. If the time for connecting is over meanwhile, the error says
   * that it was the name.
   */
  noteLookup(name: string | undefined): void;
  /**
   * Returns a function that restores what the session says about its server now (address, decision). It is for a chainer
   * that tries several servers at once: the session must say in the end which of them the outcome is about.
   */
  rememberServer(): () => void;
  /** A value of the chainer's own about this session. Only the chainer writes and reads it. */
  chainerNote: unknown;
}

/** Who chose the server of a session. */
export type Chooser = 'client' | 'operator';

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
  readonly session: SessionView;
  readonly remote: SockAddr;
  readonly local: SockAddr;
  /** Why it is closed, if the server ended it while no session used it. */
  readonly failure: ProxyError | undefined;
  /**
   * Hands it to a session, after the access check of that session's service: the session owns it until it releases or
   * destroys it. Rejects with a {@link ProxyError} when another session uses it, when it is closed, and when policy denies it.
   */
  pickUp(session: SessionView): MaybePromise<ServerConnection>;
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
    sessionEnded?(session: SessionView, outcome: SessionOutcome): void;
  };
}
