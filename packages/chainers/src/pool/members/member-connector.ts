import type { EstablishOptions, HostPort, MaybePromise, ServerConnection, Session } from '@inband/core';
import type { PoolMember } from './pool-member.ts';
import type { KnownServer } from '../sources/server-source.ts';

/** What a check of a server wants of the connection. */
export interface ProbeOptions {
  /** Another port than that of the server. */
  readonly port: number | undefined;
  /** Without TLS: it is enough that the server accepts a connection. */
  readonly isPlain: boolean;
  /** What a parent is to connect to. */
  readonly target?: HostPort | undefined;
}

/** How the servers of a pool are connected to. */
export interface MemberConnector {
  /** Whether what it connects to speaks TLS. */
  readonly speaksTls: boolean;
  /** Whether the servers themselves speak TLS. They are not what it connects to where they are parents. */
  readonly dialsTls: boolean;
  /** Whether the servers are parents. */
  readonly leadsOn: boolean;
  /** How connections to a server are made. Called once for each server that becomes a member. */
  wayTo(server: KnownServer): EstablishOptions;
  /**
   * Returns a connection that the caller owns, or rejects with a `ProxyError` and leaves nothing open. `host` and `port`: what the client
   * asked for.
   */
  connect(session: Session, member: PoolMember, host: string, port: number): MaybePromise<ServerConnection>;
  /**
   * The same for a check, whose session is one of the proxy itself: never an idle connection, and from an address of this machine where sessions
   * have that of their client. It rejects with an error whose fault is the server's if that says that the server is down.
   */
  probe(session: Session, member: PoolMember, options: ProbeOptions): MaybePromise<ServerConnection>;
}
