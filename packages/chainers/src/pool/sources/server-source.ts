import type { Session, SockAddr } from '@inband/core';

/** What the configuration says of a server of a pool. */
export interface MemberOptions {
  /** Its share of the sessions. Default: 1. */
  readonly weight?: number | undefined;
  /** Gets sessions only while no other server is up. */
  readonly backup?: boolean | undefined;
  /** Gets sessions only while no server with a lower number is up. Default: 0. */
  readonly priority?: number | undefined;
  /** Where it is. A pool with the same `zone` prefers it. */
  readonly zone?: string | undefined;
  /** Sessions at one time. Default: no limit. */
  readonly maxConnections?: number | undefined;
}

/** A server as a source tells it. Complete and read-only. */
export interface KnownServer extends MemberOptions {
  /** Its address, `192.0.2.1:80`. Unique in its pool, and the same after a restart and in other instances. */
  readonly id: string;
  readonly remote: SockAddr;
  /**
   * As the configuration writes it: `app.example:80` for each address of that name, `_http._tcp.shop.example` for each place of that service.
   * Else the same as `id`.
   */
  readonly written: string;
  /** The name or address that its certificate must be issued for; empty for a Unix socket. */
  readonly name: string;
}

/**
 * Where a pool's servers are from: the configuration, names, services, a file, a plugin. It goes from unknown to known once: when looking
 * for servers fails later, the last ones stay.
 */
export interface ServerSource {
  /** Undefined until they are known for the first time. Another array whenever something has changed. */
  readonly servers: readonly KnownServer[] | undefined;
  /** Calls `changed` whenever `servers` is another one. Called once, when a pool is made. Nothing is looked up yet. */
  follow(changed: () => void): void;
  /** Begins to look for servers. Called at most once. */
  start(): void;
  /** Resolves when `servers` is known. Rejects with a `ProxyError`; then it may be called again. Starts what is not started. */
  ready(session: Session): Promise<void>;
  /** What the configuration names and nobody knows the addresses of yet, as it writes them. */
  unknown?(): readonly string[];
  /** Stops timers and look-ups. */
  close(): void;
}
