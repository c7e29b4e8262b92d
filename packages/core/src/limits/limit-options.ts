import { type ClientPrefixes, USUAL_PREFIXES } from './client-networks.ts';
import type { Rate } from './gcra.ts';

/** What one of those that a limit is for may have: the service as a whole, a client or a user. */
export interface ScopeLimits {
  /** Requests, CONNECT among them. */
  readonly requests?: Rate | undefined;
}

/** `services.NAME.limits`. Its own members are for the service as a whole. */
export interface LimitOptions extends ScopeLimits, ClientPrefixes {
  readonly perClient: ScopeLimits;
  /** Of whoever has authenticated. */
  readonly perUser: ScopeLimits;
}

export const NO_LIMITS: LimitOptions = { ...USUAL_PREFIXES, perClient: {}, perUser: {} };
