import type { HostPort, SockAddr } from '../base/address.ts';
import type { Connection } from '../base/connection.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { AccessDecision } from '../policy/access-policy.ts';
import type { ProxyVersion } from '../proxy-protocol/header.ts';
import type { RequestForm, ServerConnection } from '../session/server-connection.ts';
import type { LayeredConnection } from '../session/server-tls-facts.ts';
import type { Session } from '../session/session.ts';

/**
 * A protocol over the transport's connection, for example TLS: it makes a connection of a connection. Connections with the
 * same `id` are interchangeable, so it is part of the pool's key.
 */
export interface ConnectionLayer {
  readonly id: string;
  /** Takes over `connection`. On failure it destroys it, then rejects with a ProxyError. */
  wrap(connection: Connection, session: Session): Promise<LayeredConnection>;
  /** What it verifies, for `inband explain`. */
  readonly verifies?: LayerVerification | undefined;
}

/** What a layer of TLS verifies. */
export interface LayerVerification {
  /** The name or address that the server must be certified for; undefined where nothing of its chain is verified. */
  readonly certifiedFor: string | undefined;
  /** The name that is sent to the server (SNI). */
  readonly sentName: string | undefined;
  /** The files of authorities that are trusted; undefined for those of Node. */
  readonly ca: readonly string[] | undefined;
  /** The files of lists of revoked certificates; undefined where none is looked at. */
  readonly crl: readonly string[] | undefined;
  readonly pins: readonly string[];
  /** The file of the certificate that the server gets if it asks for one. */
  readonly clientCertificate: string | undefined;
  readonly minVersion: string;
}

/** That a connection leads through its server, a parent proxy, to another one. */
export interface Passage {
  /** Where the parent connects to: a name, or an address. */
  readonly target: HostPort;
  /** What the parent is asked by, for `inband explain`: `CONNECT`, `SOCKS5`, `the whole URL`. */
  readonly by: string;
  /** Whether the parent resolves the name of the target. */
  readonly isResolvedThere: boolean;
  /** What policy said of the target. */
  readonly decision: AccessDecision;
}

/** How a chainer wants the connection that it asks for. */
export interface EstablishOptions {
  /**
   * Use the client's address as the outgoing one. Excludes `local`. Connections are then reused for that client alone. Only
   * with a transport that can (`Transport.transparentProblem`).
   */
  readonly forgeAddr?: boolean | undefined;
  /**
   * Tell the server about the client by a header of the PROXY protocol, before anything else. Connections are then reused for clients of that
   * address alone.
   */
  readonly proxyProtocol?: ProxyVersion | undefined;
  /** A protocol over the connection, for example TLS. */
  readonly tls?: ConnectionLayer | undefined;
  /** How requests are written, where the server is another proxy that gets them as they are. */
  readonly requestForm?: RequestForm | undefined;
  /** Where the server is another proxy: what is behind it. Policy has been asked about that. */
  readonly passage?: Passage | undefined;
  /** Milliseconds for the dial, layer included. */
  readonly connectTimeout?: number | undefined;
  /** False: never use an idle pooled connection. */
  readonly reuse?: boolean | undefined;
  /** What the configuration calls the server: see `Attempt.server`. */
  readonly server?: string | undefined;
  /** Cancels the attempt, which rejects and leaves nothing open. An abort of the session always does. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The only way to the network. Always in this order: translates `remote` as the service's `nat` says, checks the result
 * against its policy ({@link AccessDeniedError}, nothing is dialled), reuses an idle connection to the same (local, remote,
 * TLS), dials.
 * Never throws; it rejects with a {@link ProxyError}, and then nothing is left open.
 * Seed: AbstractChainer.establishConnection, which raises DACException.
 */
export type EstablishConnection = (
  session: Session,
  local: SockAddr | undefined,
  remote: SockAddr,
  how?: EstablishOptions,
) => MaybePromise<ServerConnection>;
