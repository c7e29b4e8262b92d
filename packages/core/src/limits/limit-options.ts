import type { ScopeBytes, ServiceBytes } from './bytes/byte-options.ts';
import { type ClientPrefixes, USUAL_PREFIXES } from './client-networks.ts';
import type { Rate } from './rates/gcra.ts';

/** What one of those that a limit is for may have: the service as a whole, a client or a user. */
export interface ScopeLimits extends ScopeBytes {
  /** Requests, CONNECT among them. */
  readonly requests?: Rate | undefined;
  /** Connections that are accepted; of a user, those on which it authenticates. */
  readonly newConnections?: Rate | undefined;
  /** Connections at one time; of a user, those on which it authenticated last. */
  readonly connections?: number | undefined;
  /** Tunnels at one time: CONNECT, upgrades and SOCKS, from the request on. */
  readonly tunnels?: number | undefined;
}

/** Requests beyond a rate wait for their turn, instead of being refused. */
export interface PauseOptions {
  /** Milliseconds. Whoever would have to wait longer is refused. */
  readonly longest: number;
  /** The most requests that wait at one time. */
  readonly waiting: number;
}

/** `services.NAME.limits`. Its own members are for the service as a whole. */
export interface LimitOptions extends ScopeLimits, ServiceBytes, ClientPrefixes {
  readonly perClient: ScopeLimits;
  /** Of whoever has authenticated. */
  readonly perUser: ScopeLimits;
  /** Requests on one connection, which ends behind the last of them. */
  readonly requestsPerConnection?: number | undefined;
  readonly pause?: PauseOptions | undefined;
}

export const NO_LIMITS: LimitOptions = { ...USUAL_PREFIXES, perClient: {}, perUser: {} };
