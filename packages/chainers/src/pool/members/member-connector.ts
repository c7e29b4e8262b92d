import type { EstablishOptions, MaybePromise, ServerConnection, Session } from '@inband/core';
import type { PoolMember } from './pool-member.ts';
import type { KnownServer } from '../sources/server-source.ts';

/** How the servers of a pool are connected to. */
export interface MemberConnector {
  /** Whether what it connects to speaks TLS. */
  readonly speaksTls: boolean;
  /** How connections to a server are made. Called once for each server that becomes a member. */
  wayTo(server: KnownServer): EstablishOptions;
  /**
   * Returns a connection that the caller owns, or rejects with a `ProxyError` and leaves nothing open. `host` and `port`: what the client
   * asked for.
   */
  connect(session: Session, member: PoolMember, host: string, port: number): MaybePromise<ServerConnection>;
}
